// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_tool.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "adapters/services/pm2_rpc.hpp"
#include "adapters/services/running_from.hpp"
#include "adapters/services/spec_command.hpp"
#include "base/text.hpp"
#include "os/identity.hpp"
#include "os/secrets.hpp"

namespace uprev {
namespace {

constexpr Millis asking{20'000};
constexpr Millis spawning{30'000};

std::string slurp(const os::Path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

int number_in(const std::string& text) {
    const auto word = trim(text);
    int value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

bool is_daemon(int pid) {
    return alive(pid) && slurp("/proc/" + std::to_string(pid) + "/cmdline").find("God Daemon") != std::string::npos;
}

// A socket file outlives its daemon; only the kernel's list tells whether somebody listens.
bool listened_to(const os::Path& socket) {
    for (const auto& line : split(slurp("/proc/net/unix"), '\n')) {
        if (line.ends_with(" " + socket.string())) return true;
    }
    return false;
}

}  // namespace

Result<Pm2Tool> Pm2Tool::make(const SiteFile& site) {
    Pm2Tool tool(site);
    const auto user = TRY(os::find_user(site.user).within("services.pm2"));
    tool.user_ = site.user;
    tool.user_home_ = user.home;
    tool.home_ = site.services.pm2.home.empty() ? os::Path(user.home) / ".pm2" : os::Path(site.services.pm2.home);
    return tool;
}

int Pm2Tool::daemon() const {
    const int pid = number_in(slurp(home_ / "pm2.pid"));
    if (is_daemon(pid)) return pid;
    return listened_to(home_ / "rpc.sock") || listened_to(resolved(home_) / "rpc.sock") ? -1 : 0;
}

Result<os::Command> Pm2Tool::command(std::vector<std::string> argv, bool with_environment, Millis limit) const {
    os::Command command;
    command.argv = std::move(argv);
    command.user = user_;
    command.cwd = "/";  // never inside a release: PM2 takes the folder that it is started from, resolved, for an app's own
    command.limit = limit;
    const std::string folder = bin_.find('/') == std::string::npos ? "" : os::Path(bin_).parent_path().string() + ":";
    const auto name = TRY(os::find_user(user_)).name;
    command.env = {{"PATH", folder + default_path},
                   {"HOME", user_home_},
                   {"USER", name},
                   {"LOGNAME", name},
                   {"LANG", "C.UTF-8"},
                   {"PM2_HOME", home_.string()},
                   {"PM2_DISABLE_VERSION_CHECK", "true"}};
    if (with_environment) {
        TRY_VOID(reveal_into(command, site_.environment));
    } else if (const auto path = site_.environment.find("PATH"); path != site_.environment.end()) {
        command.env["PATH"] = path->second;
    }
    return command;
}

Error Pm2Tool::no_daemon() const {
    return fail(Code::unavailable, "pm2's daemon for '" + home_.string() + "' is not running",
                "start it with 'pm2 resurrect' as the installation's user, or with its boot service");
}

Result<os::Captured> Pm2Tool::run(std::vector<std::string> arguments, Pm2Gives gives, Millis limit,
                                  const std::function<bool()>& cancel) const {
    const int serving = daemon();
    if (serving == 0) return no_daemon();
    arguments.insert(arguments.begin(), bin_);
    auto made = TRY(command(std::move(arguments), gives != Pm2Gives::nothing, limit));
    // Should the daemon die before pm2 reaches it, pm2 starts another, with this option: one that reads its program and ends.
    if (gives != Pm2Gives::by_name) made.env["PM2_NODE_OPTIONS"] = "--check";
    made.keep_stragglers = true;
    bool lost = false;
    const auto ended = [&] {
        lost = daemon() != serving;
        return lost || (cancel && cancel());
    };
    auto done = TRY(os::capture(made, ended).within("cannot run '" + bin_ + "'"));
    if (lost) return no_daemon();
    if (done.outcome.exit_code == 127)
        return fail(Code::unavailable, "cannot run '" + bin_ + "': no such command",
                    "install pm2, or name it in services.pm2.bin");
    done.errors = os::mask(done.errors, made.masked);
    return done;
}

Result<> Pm2Tool::spawn_daemon() const {
    auto made = TRY(command({bin_, "ping", "--silent"}, false, spawning));
    made.keep_stragglers = true;
    const auto done = TRY(os::capture(made).within("cannot run '" + bin_ + "'"));
    if (daemon() == 0)
        return fail(Code::unavailable,
                    "cannot start pm2's daemon for '" + home_.string() + "': " + done.outcome.describe() + " " +
                        excerpt(done.errors, 300),
                    "see " + (home_ / "pm2.log").string());
    return {};
}

// The daemon itself is asked, with the user's rights only; `pm2 jlist` where that doesn't work.
Result<std::vector<Pm2Worker>> Pm2Tool::list_from_daemon() const {
    Json list;
    TRY_VOID(as_owner([&]() -> Result<> {
        list = TRY(pm2_ask(home_ / "rpc.sock", "getMonitorData", asking));
        return {};
    }));
    return workers_in(list);
}

Result<std::vector<Pm2Worker>> Pm2Tool::list() const {
    if (daemon() == 0) return no_daemon();
    auto told = list_from_daemon();
    if (told) return told;
    if (told.error().code == Code::timeout)
        return fail(Code::timeout, "pm2's daemon for '" + home_.string() + "' does not answer",
                    "see " + (home_ / "pm2.log").string());
    const auto done = TRY(run({"jlist", "--silent"}, Pm2Gives::nothing, asking));
    if (done.outcome.expired)
        return fail(Code::timeout, "pm2's daemon for '" + home_.string() + "' does not answer",
                    "see " + (home_ / "pm2.log").string());
    return parse_jlist(done.output);
}

Result<os::Captured> Pm2Tool::node(const std::string& program) const {
    const auto made = TRY(command({"node", "-e", program}, true, asking));
    return os::capture(made).within("cannot run node");
}

Result<> Pm2Tool::signal(int pid, const char* name) const {
    const auto made = TRY(command({"/bin/sh", "-c", "kill -s \"$1\" \"$2\"", "sh", name, std::to_string(pid)}, false, asking));
    TRY_VOID(os::capture(made));  // one that is gone already is what we want
    return {};
}

std::string Pm2Tool::tail_of(const std::string& log) const {
    if (log.empty() || log == "/dev/null") return {};
    const auto made = command({"tail", "-n", "15", "--", log}, true, asking);
    if (!made) return {};
    const auto done = os::capture(*made);
    if (!done || !done->outcome.ok()) return {};
    auto secrets = made->masked;
    const auto file = os::read_env_file(
        site_.env_file.empty() ? (site_.shared.empty() ? site_.root + "/shared" : site_.shared) + "/.env" : site_.env_file);
    if (file) {
        for (auto& secret : os::secrets_of(*file)) secrets.push_back(std::move(secret));
    }
    auto text = os::mask(trim(done->output), secrets);
    return text.size() > 2048 ? text.substr(text.size() - 2048) : text;
}

Result<> Pm2Tool::as_owner(const std::function<Result<>()>& work) const {
    return user_.empty() || !os::is_root() ? work() : os::as_user(user_, work);
}

}  // namespace uprev
