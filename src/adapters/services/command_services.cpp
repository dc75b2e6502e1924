// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "adapters/services/private_record.hpp"
#include "adapters/services/running_from.hpp"
#include "adapters/services/services.hpp"
#include "adapters/services/spec_command.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "os/secrets.hpp"
#include "release/config.hpp"

namespace uprev {
namespace {

constexpr os::Milliseconds pause{100};
constexpr os::Milliseconds steady_for{500};  // one that dies at boot answers "running" at first
constexpr int exit_stopped = 3;

int pid_in(const std::string& output) {
    for (const auto& word : split_words(output)) {
        int pid = 0;
        if (word.starts_with("pid=") && std::from_chars(word.data() + 4, word.data() + word.size(), pid).ec == std::errc{})
            return pid;
    }
    return 0;
}

std::string said(const os::Captured& done, const std::vector<std::string>& secrets) {
    const auto text = trim(done.errors).empty() ? done.output : done.errors;
    return trim(text).empty() ? "" : ": " + excerpt(os::mask(trim(text), secrets), 400);
}

class CommandServices final : public Services {
   public:
    CommandServices(SiteFile site, const std::vector<ServiceSpec>& specs, os::Processes& processes, os::Clock& clock)
        : site_(std::move(site)), processes_(processes), clock_(clock) {
        for (const auto& spec : specs) {
            if (find(spec.name) == nullptr) unknown_.push_back(spec.name);
        }
    }

    Result<ServiceCapabilities> capabilities() override {
        ServiceCapabilities can;
        can.guard = !site_.services.guard_on.empty() && !site_.services.guard_off.empty();
        can.graceful_reload = true;
        for (const auto& one : site_.services.commands) {
            if (!one.reload.empty() || !can.graceful_reload) continue;
            can.graceful_reload = false;
            can.why_not_graceful = "service '" + one.name + "' has no reload command: it is stopped and started";
        }
        return can;
    }

    Result<std::vector<ServiceState>> observe() override {
        std::vector<ServiceState> states;
        for (const auto& one : site_.services.commands) states.push_back(TRY(state_of(one)));
        for (const auto& name : unknown_) {
            ServiceState state;
            state.name = name;
            state.problem = "the site file has no commands for it";
            states.push_back(std::move(state));
        }
        return states;
    }

    Result<> start(const std::vector<std::string>& names, const os::Path& release) override {
        for (const auto* one : TRY(chosen(names))) {
            if (TRY(state_of(*one)).state == RunState::running) continue;
            TRY_VOID(start_one(*one, release));
        }
        return {};
    }

    Result<> stop(const std::vector<std::string>& names) override {
        auto order = TRY(chosen(names));
        std::reverse(order.begin(), order.end());
        for (const auto* one : order) TRY_VOID(stop_one(*one));
        return {};
    }

    Result<> reload(const std::vector<std::string>& names, const os::Path& release) override {
        for (const auto* one : TRY(chosen(names))) {
            const bool running = TRY(state_of(*one)).state == RunState::running;
            if (running && !one->reload.empty()) {
                TRY_VOID(run("reload", *one, one->reload, release));
                TRY_VOID(confirm_running(*one, release));
                continue;
            }
            if (running) TRY_VOID(stop_one(*one));
            TRY_VOID(start_one(*one, release));
        }
        return {};
    }

    Result<> guard(bool on, const std::string& mark) override {
        if (!TRY(capabilities()).guard)
            return fail(Code::refused, "cannot keep the services from starting at boot: the site file has no guard commands",
                        "set services.guard_on and services.guard_off");
        const CommandServiceSpec whole{"guard", {}, {}, {}, {}};
        auto spec = on ? site_.services.guard_on : site_.services.guard_off;
        spec.env["UPREV_MARK"] = mark;
        return run(on ? "guard" : "unguard", whole, spec, {});
    }

   private:
    [[nodiscard]] const CommandServiceSpec* find(const std::string& name) const {
        for (const auto& one : site_.services.commands) {
            if (one.name == name) return &one;
        }
        return nullptr;
    }

    [[nodiscard]] Result<std::vector<const CommandServiceSpec*>> chosen(const std::vector<std::string>& names) const {
        std::vector<const CommandServiceSpec*> found;
        for (const auto& name : names) {
            const auto* one = find(name);
            if (one == nullptr)
                return fail(Code::not_found, "the site file has no commands for service '" + name + "'",
                            "add it under services.commands");
            found.push_back(one);
        }
        if (!names.empty()) return found;
        for (const auto& one : site_.services.commands) found.push_back(&one);
        return found;
    }

    [[nodiscard]] os::Path pointer() const { return os::Path(site_.root) / site_.current; }

    // Empty `release`: whatever the pointer leads to.
    Result<os::Command> command(const std::string& service, const CommandSpec& spec, const os::Path& release) const {
        const auto folder = release.empty() ? resolved(pointer()) : release;
        const std::map<std::string, std::string> values{
            {"release_dir", folder.string()}, {"root", site_.root}, {"current", pointer().string()}, {"service", service}};
        auto filled = spec;
        for (auto& argument : filled.argv) argument = TRY(interpolate(argument, values));
        filled.cwd = TRY(interpolate(filled.cwd, values));
        for (auto& [key, value] : filled.env) value = TRY(interpolate(value, values));
        auto made = TRY(command_of(filled, {site_.user, site_.root, site_.environment}));
        for (const auto& [key, value] : values) made.env["UPREV_" + upper(key)] = value;
        return made;
    }

    static std::string upper(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        return text;
    }

    Result<os::Captured> captured(const std::string& verb, const CommandServiceSpec& one, const os::Command& made) const {
        return os::capture(made).within("cannot " + verb + " service '" + one.name + "'");
    }

    // Under the shim, whose output is a file: a daemon that keeps its starter's output would die of a pipe that we leave.
    Result<> run(const std::string& verb, const CommandServiceSpec& one, const CommandSpec& spec, const os::Path& release) {
        auto made = TRY(command(one.name, spec, release).within(verb + " command of service '" + one.name + "'"));
        const auto record = TRY(PrivateRecord::make());
        made.record = record.run();
        made.keep_stragglers = verb == "start" || verb == "reload";
        const auto outcome = TRY(processes_.run(made).within("cannot " + verb + " service '" + one.name + "'"));
        if (outcome.ok()) return {};
        const auto tail = trim(outcome.tail);
        return fail(outcome.expired ? Code::timeout : Code::failed, "cannot " + verb + " service '" + one.name +
                                                                        "': " + outcome.describe() +
                                                                        (tail.empty() ? "" : ": " + excerpt(tail, 400)));
    }

    Result<ServiceState> state_of(const CommandServiceSpec& one) {
        const auto made = TRY(command(one.name, one.status, {}).within("status command of service '" + one.name + "'"));
        const auto done = TRY(captured("ask", one, made));
        if (done.outcome.expired)
            return fail(Code::timeout, "the status command of service '" + one.name + "' is " + done.outcome.describe());
        ServiceState state;
        state.name = one.name;
        state.cwd = pointer().string();
        const bool exited = done.outcome.signal == 0;
        if (exited && done.outcome.exit_code == exit_stopped) {
            state.state = RunState::stopped;
            return state;
        }
        state.state = done.outcome.ok() ? RunState::running : RunState::errored;
        if (!done.outcome.ok())
            state.problem = "its status command answers with " + done.outcome.describe() + said(done, made.masked);
        const int pid = pid_in(done.output);
        if (pid <= 0) return state;
        state.pids.push_back(pid);
        state.running_from = running_from(pid).string();
        if (state.state == RunState::running && !alive(pid)) {
            state.state = RunState::errored;
            state.problem = "its status command names process " + std::to_string(pid) + ", which doesn't run";
        }
        return state;
    }

    Result<> start_one(const CommandServiceSpec& one, const os::Path& release) {
        TRY_VOID(run("start", one, one.start, release));
        return confirm_running(one, release);
    }

    Result<> stop_one(const CommandServiceSpec& one) {
        const auto before = TRY(state_of(one));
        if (before.state == RunState::stopped) return {};
        TRY_VOID(run("stop", one, one.stop, {}));
        return settle(one, "stop", [&](const ServiceState& now) {
            const bool gone = std::none_of(before.pids.begin(), before.pids.end(), [](int pid) { return alive(pid); });
            return now.state != RunState::stopped ? "its status command doesn't answer 'stopped' (exit code 3)"
                   : gone                         ? ""
                                                  : "its process is still there";
        });
    }

    // A process that stayed in a folder of another release was not moved by the reload.
    Result<> confirm_running(const CommandServiceSpec& one, const os::Path& release) {
        const auto releases = resolved(os::Path(site_.root) / site_.releases);
        std::vector<int> pids;
        os::Milliseconds since{-1};
        return settle(one, "run", [&](const ServiceState& now) -> std::string {
            if (now.state != RunState::running || now.pids != pids) since = os::Milliseconds{-1};
            pids = now.pids;
            if (now.state != RunState::running) return now.problem.empty() ? "it is not running" : now.problem;
            if (within(now.running_from, releases) && !within(now.running_from, resolved(release)))
                return "it runs from '" + now.running_from + "'";
            if (since.count() < 0) since = clock_.steady();
            return clock_.steady() - since >= steady_for ? "" : "it did not keep running";
        });
    }

    // Polls until `objection` is empty.
    template <typename Objection>
    Result<> settle(const CommandServiceSpec& one, const std::string& verb, const Objection& objection) {
        const auto until = clock_.steady() + site_.services.settle;
        for (;;) {
            const std::string problem = objection(TRY(state_of(one)));
            if (problem.empty()) return {};
            if (clock_.steady() >= until)
                return fail(Code::failed,
                            "service '" + one.name + "' did not " + verb + " within " + format_duration(site_.services.settle) +
                                ": " + problem,
                            "see the service's own log");
            clock_.sleep(pause);
        }
    }

    SiteFile site_;
    os::Processes& processes_;
    os::Clock& clock_;
    std::vector<std::string> unknown_;
};

}  // namespace

Result<std::unique_ptr<Services>> make_command_services(const SiteFile& site, const std::vector<ServiceSpec>& specs,
                                                        os::Processes& processes, os::Clock& clock) {
    for (const auto& one : site.services.commands) {
        const auto* missing = one.start.empty() ? "start" : one.stop.empty() ? "stop" : one.status.empty() ? "status" : nullptr;
        if (missing != nullptr)
            return fail(Code::invalid, "service '" + one.name + "' has no " + missing + " command",
                        "add it under services.commands");
    }
    return std::unique_ptr<Services>(std::make_unique<CommandServices>(site, specs, processes, clock));
}

}  // namespace uprev
