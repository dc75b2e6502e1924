// SPDX-License-Identifier: Apache-2.0
// uprev gc: removes what retention no longer keeps, and what dead operations left.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>

#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "commands/exclusive.hpp"
#include "commands/leftovers.hpp"
#include "commands/rows.hpp"

namespace uprev::commands {

namespace {
struct Request {
    std::optional<std::uint32_t> keep;
    bool dry = false;
};

struct Tally {
    Json removed = Json::array();
    Json kept = Json::array();
    Json failed = Json::array();
    std::uint64_t bytes = 0;
    std::string text;
};

Json row_of(const Leftover& l) {
    return {
        {"what", l.item.what}, {"name", l.item.path}, {"path", l.place.string()}, {"bytes", l.bytes}, {"reason", l.item.reason}};
}

void line(Tally& tally, std::string_view verb, const Leftover& l, const std::string& reason) {
    tally.text += fmt::format("{:<7} {:<14} {:>10}  {}: {}\n", verb, l.item.what, human_size(l.bytes), l.item.path, reason);
}

Result<Reply> run(const Globals& globals, const Request& r) {
    auto held = TRY(take_exclusive(globals, "gc"));
    auto& session = *held.session;
    auto adapters = TRY(session.adapters({session.site().release}));
    auto keep = session.site().retention;
    if (r.keep) keep.releases = keep.snapshots = *r.keep;
    Tally tally;
    std::optional<Error> first;
    for (const auto& l : TRY(judge_leftovers(session, *adapters, *held.journal, keep))) {
        if (l.item.keep) {
            tally.kept.push_back(row_of(l));
            line(tally, "keep", l, l.item.reason);
            continue;
        }
        const auto gone = r.dry ? Result<>() : remove_leftover(session, *adapters, *held.journal, l);
        auto row = row_of(l);
        if (gone) {
            tally.removed.push_back(row);
            tally.bytes += l.bytes;
            line(tally, r.dry ? "would" : "remove", l, l.item.reason);
            continue;
        }
        if (!first) first = gone.error();
        row["error"] = gone.error().text();
        tally.failed.push_back(row);
        line(tally, "FAILED", l, gone.error().text());
    }
    tally.text += fmt::format("{} {} ({})\n", r.dry ? "would remove" : "removed", tally.removed.size(), human_size(tally.bytes));
    return Reply{
        {{"dry_run", r.dry}, {"removed", tally.removed}, {"kept", tally.kept}, {"failed", tally.failed}, {"bytes", tally.bytes}},
        tally.text,
        first ? exit_code(first->code) : 0};
}
}  // namespace

CommandRow gc() {
    return {"gc", "remove what is no longer kept",
            "Removes old releases, snapshot sets, artifacts and logs, and what dead operations left. Only good releases are "
            "counted; the active one, the last\n"
            "good one, and any folder that a running process still uses stay, whatever --keep says. Every upgrade ends with the "
            "same.\n\n"
            "  uprev gc --dry-run\n"
            "  uprev gc --keep 1",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<Request>();
                app.add_option("--keep", r->keep,
                               "good releases kept besides the active one, and snapshot sets (default: the site file's)")
                    ->type_name("N");
                app.add_flag("--dry-run", r->dry, "only say what would be removed");
                return [r](const Globals& globals) { return run(globals, *r); };
            }};
}

}  // namespace uprev::commands
