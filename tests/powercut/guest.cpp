// SPDX-License-Identifier: Apache-2.0
// The program inside the virtual machine whose power is cut. It needs nothing but its libraries and a mounted disk.
//   guest live ROOT DEVICE OFFSET [CALLS]   works until the power goes; CALLS that flush are left out
//   guest observe ROOT                      prints what is there as one line of JSON
// and for upgrades by uprev itself:
//   guest serve RELEASE DATABASE HEALTH DEVICE OFFSET    the application
//   guest migrate DATABASE SCHEMA
//   guest fill FOLDER NUMBER                             the files of a release
//   guest promise DEVICE OFFSET KEY VALUE
//   guest look ROOT                                      as observe
#include <cstdio>
#include <string>
#include <vector>

#include "adapters/layout/beside.hpp"
#include "base/json.hpp"
#include "careless.hpp"
#include "journal/journal.hpp"
#include "life.hpp"
#include "observe.hpp"
#include "os/linux.hpp"
#include "shop.hpp"

namespace {
using namespace powercut;

int run_live(const std::vector<std::string>& arguments) {
    if (arguments.size() > 4) leave_out(arguments[4]);
    auto promises = Promises::open(arguments[2], std::stoull(arguments[3]));
    const auto ended = promises ? live(arguments[1], *promises) : uprev::Result<>(promises.error());
    std::printf("guest: %s\n", ended ? "ended" : ended.error().text().c_str());
    return 1;
}

// After the independent look: uprev itself must be able to go on from here.
void reopen(const std::filesystem::path& root, Observed& seen) {
    const uprev::os::SystemClock clock;
    uprev::Journal::Options options;
    options.clock = &clock;
    options.machine_id = "guest";
    if (std::filesystem::exists(root / "state")) {
        const auto journal = uprev::Journal::open(root / "state/journal.db", options);
        const auto unfinished = journal ? journal->unfinished() : uprev::Result<std::optional<uprev::Operation>>(journal.error());
        if (!unfinished) seen.problems.push_back("uprev: " + unfinished.error().text());
    }
    uprev::SiteFile site;
    site.root = root.string();
    const auto fs = uprev::os::make_filesystem(root);
    const auto active = uprev::make_beside_layout(site, *fs)->active();
    if (!active && active.error().code != uprev::Code::not_found) seen.problems.push_back("uprev: " + active.error().text());
}

int print(const Observed& seen) {
    std::printf("%s\n", uprev::Json{{"facts", as_json(seen.facts)}, {"problems", seen.problems}}.dump().c_str());
    return 0;
}

int run_observe(const std::filesystem::path& root) {
    auto seen = observe(root);
    reopen(root, seen);
    return print(seen);
}

int run_serve(const std::vector<std::string>& arguments) {
    auto promises = Promises::open(arguments[4], std::stoull(arguments[5]));
    return promises ? serve(arguments[1], arguments[2], arguments[3], *promises) : 1;
}

int run_promise(const std::vector<std::string>& arguments) {
    auto promises = Promises::open(arguments[1], std::stoull(arguments[2]));
    return promises && promises->keep({{arguments[3], arguments[4]}}, [] { return uprev::Result<>(); }) ? 0 : 1;
}
}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + count);
    if (arguments.size() >= 4 && arguments[0] == "live") return run_live(arguments);
    if (arguments.size() == 2 && arguments[0] == "observe") return run_observe(arguments[1]);
    if (arguments.size() == 6 && arguments[0] == "serve") return run_serve(arguments);
    if (arguments.size() == 3 && arguments[0] == "migrate") return migrate(arguments[1], std::stoi(arguments[2]));
    if (arguments.size() == 5 && arguments[0] == "promise") return run_promise(arguments);
    if (arguments.size() == 2 && arguments[0] == "look") return print(look(arguments[1]));
    if (arguments.size() == 3 && arguments[0] == "fill") return write_release(arguments[1], std::stoull(arguments[2])), 0;
    std::fputs("usage: see guest.cpp\n", stderr);
    return 2;
}
