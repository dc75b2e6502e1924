// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_services.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "adapters/services/listening.hpp"
#include "adapters/services/pm2_guard.hpp"
#include "adapters/services/running_from.hpp"
#include "adapters/services/services.hpp"
#include "base/json.hpp"
#include "base/units.hpp"

namespace uprev {
namespace {

constexpr os::Milliseconds pause{200};
constexpr Millis acting{60'000};

// PM2 reads some names as something else than a name, and "all" is everybody's.
bool plain(const std::string& name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' ||
               c == '@' || c == ':';
    };
    const bool number = std::all_of(name.begin(), name.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return !name.empty() && name != "all" && name.front() != '-' && !number && std::all_of(name.begin(), name.end(), letter);
}

RunState combined(const Pm2Workers& workers) {
    const auto any = [&](auto... status) {
        return std::any_of(workers.begin(), workers.end(), [&](const Pm2Worker& one) { return ((one.status == status) || ...); });
    };
    if (workers.empty()) return RunState::missing;
    if (any("errored")) return RunState::errored;
    if (any("launching", "waiting restart", "one-launch-status")) return RunState::starting;
    if (any("online", "stopping")) return RunState::running;
    return RunState::stopped;
}

std::string text_of(const Json& entry, const char* key) {
    if (!entry.is_object()) return {};
    const auto found = entry.find(key);
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string slurp(const os::Path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// PM2 gives an app's name to its process in the environment: as a variable in fork mode, inside pm2_env in cluster mode.
bool is_app(int pid, const std::string& name) {
    const auto environment = slurp("/proc/" + std::to_string(pid) + "/environ");
    return environment.find(std::string("name=") + name + '\0') != std::string::npos ||
           environment.find("\"name\":\"" + name + "\"") != std::string::npos;
}

}  // namespace

Pm2Services::Pm2Services(const SiteFile& site, std::vector<ServiceSpec> specs, Names names, Pm2Tool tool, os::FileSystem& files,
                         os::Clock& clock)
    : site_(site),
      specs_(std::move(specs)),
      names_(std::move(names)),
      tool_(std::move(tool)),
      files_(files),
      clock_(clock),
      paths_(site_),
      ecosystem_(site_, tool_, files_) {}

Result<Pm2Services::Names> Pm2Services::chosen(const Names& names) const {
    for (const auto& name : names) {
        if (std::find(names_.begin(), names_.end(), name) == names_.end())
            return fail(Code::not_found, "'" + name + "' is not one of this installation's pm2 apps",
                        "name it in services.pm2.apps");
    }
    return names.empty() ? names_ : names;
}

const ServiceSpec* Pm2Services::spec(const std::string& name) const {
    const auto found = std::find_if(specs_.begin(), specs_.end(), [&](const ServiceSpec& one) { return one.name == name; });
    return found == specs_.end() ? nullptr : &*found;
}

Result<Pm2Workers> Pm2Services::own(const Names& names) const {
    Pm2Workers own;
    for (auto& worker : TRY(tool_.list())) {
        if (std::find(names.begin(), names.end(), worker.name) == names.end()) continue;
        if (paths_.foreign(worker))
            return fail(Code::conflict,
                        "pm2 app '" + worker.name + "' runs from '" + worker.cwd + "', outside '" + site_.root +
                            "': it belongs to another application",
                        "rename one of them, or give this installation a PM2_HOME of its own (services.pm2.home)");
        own.push_back(std::move(worker));
    }
    return own;
}

ServiceState Pm2Services::state_of(const std::string& name, const Pm2Workers& workers) const {
    ServiceState state;
    state.name = name;
    state.state = combined(workers);
    std::size_t down = 0;
    for (const auto& worker : workers) {
        if (worker.pid > 0 && alive(worker.pid))
            state.pids.push_back(worker.pid);
        else
            ++down;
        state.restarts += static_cast<std::uint32_t>(std::max(0, worker.restarts));
        const auto* known = spec(name);
        const auto problem = paths_.problem(worker, known != nullptr ? known->folder : "");
        if (state.problem.empty()) state.problem = problem;
    }
    if (!workers.empty()) {
        state.cwd = workers.front().cwd;
        state.script = workers.front().script;
    }
    // One worker left behind in an old release is what a reader of this wants to know.
    for (const int pid : state.pids) {
        const auto folder = running_from(pid);
        const bool stale = !folder.empty() && !paths_.runs(folder, resolved(paths_.pointer()));
        if (state.running_from.empty() || stale) state.running_from = folder.string();
    }
    if (state.state == RunState::running && down > 0)
        state.problem = std::to_string(down) + " of its " + std::to_string(workers.size()) + " workers are down";
    return state;
}

Result<ServiceCapabilities> Pm2Services::capabilities() {
    ServiceCapabilities can;
    can.guard = true;
    const auto workers = TRY(tool_.list());
    for (const auto& name : names_) {
        if (!can.why_not_graceful.empty()) break;
        const auto mine = workers_named(workers, name);
        if (combined(mine) != RunState::running) can.why_not_graceful = "app '" + name + "' is not running";
        for (const auto& worker : mine) {
            if (const auto trap = paths_.trap(worker); !trap.empty())
                can.why_not_graceful = "app '" + name + "' was " + trap;
            else if (!worker.cluster)
                can.why_not_graceful = "app '" + name + "' runs in fork mode";
        }
    }
    can.graceful_reload = can.why_not_graceful.empty();
    return can;
}

Result<std::vector<ServiceState>> Pm2Services::observe() {
    const auto workers = TRY(tool_.list());
    std::vector<ServiceState> states;
    for (const auto& name : names_) {
        const auto mine = workers_named(workers, name);
        auto state = state_of(name, mine);
        if (!mine.empty() && paths_.foreign(mine.front()))
            state.problem = "another application's app of this name runs from '" + mine.front().cwd + "'";
        states.push_back(std::move(state));
    }
    return states;
}

Result<> Pm2Services::stop(const Names& names) {
    const auto apps = TRY(chosen(names));
    if (tool_.daemon() == 0) return end_orphans(apps);
    const auto workers = TRY(own(apps));
    std::set<int> asked;
    std::vector<int> pids{std::max(0, tool_.daemon())};  // in cluster mode the daemon holds the ports
    for (const auto& name : apps) {
        if (const auto* known = spec(name)) asked.merge(health_ports(*known));
    }
    for (const auto& worker : workers) pids.push_back(worker.pid);
    std::set<int> ports;
    const auto held = listened_ports(pids);
    std::set_intersection(held.begin(), held.end(), asked.begin(), asked.end(), std::inserter(ports, ports.end()));
    for (const auto& name : apps) {
        const auto mine = workers_named(workers, name);
        if (mine.empty()) continue;
        const bool comes_back = std::any_of(mine.begin(), mine.end(), [](const Pm2Worker& one) { return one.comes_back; });
        if (comes_back && !ecosystem_.configured())
            return fail(Code::refused, "pm2 app '" + name + "' would come back after a stop: it has cron_restart or watch",
                        "name services.pm2.ecosystem, so that it can be deleted and started again");
        if (!comes_back && combined(mine) == RunState::stopped) continue;
        TRY_VOID(tool_.run({comes_back ? "delete" : "stop", name, "--silent"}, Pm2Gives::nothing, acting + patience(mine))
                     .within("cannot stop pm2 app '" + name + "'"));
    }
    return confirm_stopped(apps, workers, ports);
}

Result<> Pm2Services::confirm_stopped(const Names& names, const Pm2Workers& before, const std::set<int>& ports) {
    const auto until = clock_.steady() + site_.services.settle;
    for (;;) {
        std::string objection;
        std::vector<int> holders{std::max(0, tool_.daemon())};
        for (const auto& worker : TRY(own(names))) {
            const bool down = worker.status == "stopped" || (worker.status == "errored" && worker.pid == 0);
            if (!down) objection = "pm2 app '" + worker.name + "' is " + worker.status;
        }
        for (const auto& worker : before) {
            if (!alive(worker.pid)) continue;
            objection = "process " + std::to_string(worker.pid) + " of pm2 app '" + worker.name + "' is still there";
            holders.push_back(worker.pid);
        }
        for (const int port : listened_ports(holders)) {
            if (objection.empty() && ports.contains(port)) objection = "port " + std::to_string(port) + " is still listened to";
        }
        if (objection.empty()) return {};
        if (clock_.steady() >= until)
            return fail(Code::failed, "cannot stop: " + objection + " after " + format_duration(site_.services.settle),
                        "see 'pm2 list' and pm2's own log " + (tool_.home() / "pm2.log").string());
        clock_.sleep(pause);
    }
}

// Workers in fork mode outlive a killed daemon, and nobody manages them any more. PM2's pid files still name them.
Result<> Pm2Services::end_orphans(const Names& names) {
    std::vector<int> orphans;
    const auto folder = tool_.home() / "pids";
    const auto entries = files_.list(folder);
    if (!entries) return {};
    for (const auto& name : names) {
        std::string prefix = name + "-";
        for (char& c : prefix) c = (c == '_' || c == '@' || c == ':') ? '-' : c;  // as PM2 spells it
        for (const auto& entry : *entries) {
            if (!entry.starts_with(prefix) || entry.find_first_not_of("0123456789", prefix.size()) != entry.rfind(".pid"))
                continue;
            int pid = 0;
            const auto text = slurp(folder / entry);
            std::from_chars(text.data(), text.data() + text.size(), pid);
            if (alive(pid) && is_app(pid, name)) orphans.push_back(pid);
        }
    }
    for (const char* signal : {"INT", "KILL"}) {
        const auto until = clock_.steady() + site_.services.settle / 2;
        for (const int pid : orphans) {
            if (alive(pid)) TRY_VOID(tool_.signal(pid, signal));
        }
        const auto left = [&] { return std::any_of(orphans.begin(), orphans.end(), alive); };
        while (left() && clock_.steady() < until) clock_.sleep(pause);
        if (!left()) return {};
    }
    return fail(Code::failed, "processes that pm2's dead daemon left behind don't end",
                "end them by hand: they hold the services' ports");
}

Result<> Pm2Services::guard(bool on, const std::string& mark) {
    const auto ours = [this](const Json& entry) {
        return std::find(names_.begin(), names_.end(), text_of(entry, "name")) != names_.end() &&
               !paths_.foreign(text_of(entry, "pm_cwd"), text_of(entry, "pm_exec_path"));
    };
    Pm2Guard guard(files_, tool_.home(), ours);
    return tool_.as_owner([&] { return on ? guard.set(mark) : guard.remove(mark); })
        .within(on ? "guarding pm2's dump" : "giving pm2's dump back");
}

// A dump that names a release folder would start that release at the next boot, whatever runs now.
Result<> Pm2Services::straighten_dumps() {
    const auto straighten = [this](Json& entry) {
        bool changed = false;
        for (const char* key : {"pm_cwd", "pm_exec_path", "PWD"}) {
            const auto path = text_of(entry, key);
            const auto straight = paths_.through_pointer(path).string();
            if (path.empty() || straight == path) continue;
            entry[key] = straight;
            changed = true;
        }
        return changed;
    };
    const auto ours = [this](const Json& entry) {
        return std::find(names_.begin(), names_.end(), text_of(entry, "name")) != names_.end() &&
               !paths_.foreign(text_of(entry, "pm_cwd"), text_of(entry, "pm_exec_path"));
    };
    Pm2Guard guard(files_, tool_.home(), ours);
    auto done = tool_.as_owner([&] { return guard.rewrite(straighten); });
    if (!done && done.error().code == Code::corrupt) return {};  // PM2 itself would start nothing from it
    return done;
}

Result<std::unique_ptr<Services>> make_pm2_services(const SiteFile& site, const std::vector<ServiceSpec>& specs,
                                                    os::FileSystem& files, os::Processes&, os::Clock& clock) {
    auto names = site.services.pm2.apps;
    if (names.empty()) {
        for (const auto& one : specs) names.push_back(one.name);
    }
    if (names.empty())
        return fail(Code::invalid, "no pm2 app is named",
                    "list the installation's apps in services.pm2.apps, or services in the release file");
    for (const auto& name : names) {
        if (!plain(name))
            return fail(Code::invalid, "pm2 would not read '" + name + "' as the name of one app",
                        "use letters, digits and _ . - @ : for app names");
    }
    auto tool = TRY(Pm2Tool::make(site));
    return std::unique_ptr<Services>(std::make_unique<Pm2Services>(site, specs, std::move(names), std::move(tool), files, clock));
}

}  // namespace uprev
