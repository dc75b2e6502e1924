// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "adapters/services/pm2_services.hpp"
#include "adapters/services/running_from.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace uprev {
namespace {

constexpr os::Milliseconds pause{250};
constexpr os::Milliseconds look_again{400};    // while PM2 works
constexpr os::Milliseconds steady_for{1'500};  // an age over PM2's own min_uptime of a second
constexpr Millis acting{30'000};

bool online(const Pm2Worker& worker) { return worker.status == "online"; }

std::vector<int> ids_of(const Pm2Workers& workers) {
    std::vector<int> ids;
    for (const auto& one : workers) ids.push_back(one.id);
    return ids;
}

void add_ids(Argv& arguments, const Pm2Workers& workers) {
    for (const int id : ids_of(workers)) arguments.push_back(std::to_string(id));
}

Pm2Workers down_among(const Pm2Workers& workers) {
    Pm2Workers down;
    std::copy_if(workers.begin(), workers.end(), std::back_inserter(down), [](const Pm2Worker& one) { return !online(one); });
    return down;
}

}  // namespace

Millis Pm2Services::patience(const Pm2Workers& workers) const {
    Millis total = acting;
    for (const auto& worker : workers) total += site_.services.settle + Millis(std::max(worker.kill_timeout, 2'000));
    return total;
}

Error Pm2Services::died(const Pm2Death& death) const {
    const auto log = tool_.tail_of(death.error_log);
    return fail(Code::failed, "pm2 app '" + death.app + "': " + death.what + (log.empty() ? "" : "; its error log ends:\n" + log),
                "see 'pm2 logs " + death.app + "' as the installation's user");
}

// Why only delete and start helps; empty: a reload does.
std::string Pm2Services::misfit(const Pm2Worker& worker) const {
    if (auto trap = paths_.trap(worker); !trap.empty()) return trap;
    const auto found = wanted_.find(worker.name);
    if (found == wanted_.end()) return {};
    const auto& wanted = found->second;
    // PM2 ignores each of these in silence when it reloads.
    if (!wanted.cwd.empty() && !paths_.same(worker.cwd, wanted.cwd)) return "its folder changes to '" + wanted.cwd + "'";
    if (!wanted.script.empty() && !paths_.same(worker.script, wanted.script))
        return "its script changes to '" + wanted.script + "'";
    if (wanted.cluster && *wanted.cluster != worker.cluster) return "its mode changes";
    if (!wanted.interpreter.empty() && os::Path(wanted.interpreter).filename() != os::Path(worker.interpreter).filename())
        return "its interpreter changes";
    return {};
}

Result<> Pm2Services::load_wanted(const Names& names) {
    wanted_.clear();
    if (!ecosystem_.configured()) return {};
    for (auto& one : TRY(ecosystem_.read())) wanted_[one.name] = std::move(one);
    for (const auto& name : names) {
        if (wanted_.contains(name)) continue;
        std::vector<std::string> known;
        for (const auto& [other, unused] : wanted_) known.push_back(other);
        return fail(
            Code::not_found,
            "the ecosystem file '" + ecosystem_.file().string() + "' has no app '" + name + "'" + did_you_mean(name, known),
            "it has " + join(known, ", "));
    }
    return {};
}

Result<Pm2Services::Sorted> Pm2Services::sorted(const Names& names, const Pm2Workers& workers, bool reloading) const {
    Sorted result;
    for (const auto& name : names) {
        const auto mine = workers_named(workers, name);
        const auto down = down_among(mine);
        const auto misfits = std::any_of(mine.begin(), mine.end(), [&](const Pm2Worker& one) { return !misfit(one).empty(); });
        const bool fine = !reloading && !mine.empty() && down.empty();
        if (fine)
            result.fine.push_back(name);
        else if (misfits)
            result.replace.push_back(name);
        else if (down.size() == mine.size())
            result.start.push_back(name);
        else if (!down.empty())
            result.revive.push_back(name);
        else
            result.reload.push_back(name);
        if (!ecosystem_.configured() && misfits && !fine)
            return fail(
                Code::refused,
                "pm2 app '" + name + "' was " + misfit(mine.front()) + ", but there is no ecosystem file to start it from",
                "name it in services.pm2.ecosystem");
        if (!ecosystem_.configured() && mine.empty())
            return fail(Code::refused, "pm2 doesn't know app '" + name + "', and there is no ecosystem file to start it from",
                        "name it in services.pm2.ecosystem");
    }
    return result;
}

std::map<std::string, Pm2Kept> Pm2Services::kept(const Names& names, const Pm2Workers& workers) const {
    std::map<std::string, Pm2Kept> all;
    const auto stated = site_.environment.find("NODE_ENV");
    for (const auto& name : names) {
        const auto mine = workers_named(workers, name);
        auto& one = all[name];
        if (!mine.empty()) one = {mine.front().node_env, mine.front().path, true};
        if (site_.environment.contains("PATH")) one.path.clear();
        if (stated != site_.environment.end()) one.node_env = stated->second;
        const auto* known = spec(name);
        one.patient =
            known == nullptr || known->role != "worker";  // a worker listens to nothing, and would be waited for in vain
    }
    return all;
}

// Runs pm2 and looks at the workers meanwhile; at the first death it is ended, so that it reloads no further ones.
Result<> Pm2Services::watched(const Argv& arguments, Pm2Gives gives, const Names& names, const Pm2Workers& before) {
    Pm2Death death;
    auto next = clock_.steady() + look_again;
    const auto ended = [&] {
        if (clock_.steady() < next) return false;
        const auto now = own(names);
        next = clock_.steady() + look_again;
        if (now) death = death_since(before, *now);
        return !death.app.empty();
    };
    auto limit = patience(before);
    for (const auto& name : names) {
        const auto found = wanted_.find(name);
        limit += site_.services.settle * (found == wanted_.end() ? 1 : found->second.instances.value_or(1));
    }
    const auto done = TRY(tool_.run(arguments, gives, limit, ended));
    if (!death.app.empty()) return died(death);
    said_ = excerpt(trim(done.errors).empty() ? trim(done.output) : trim(done.errors), 300);
    if (done.outcome.expired) return fail(Code::timeout, "'pm2 " + arguments.front() + "' is " + done.outcome.describe());
    return {};
}

Result<> Pm2Services::through_wrapper(const std::string& verb, const Names& names, const Pm2Workers& before) {
    const auto wrapper = TRY(ecosystem_.wrap(kept(names, before)));
    auto done = watched({verb, wrapper.string(), "--update-env", "--silent"}, Pm2Gives::wrapped, names, before);
    ecosystem_.discard(wrapper);
    return done;
}

std::string Pm2Services::objection(const Names& names, const Pm2Workers& now, const Pm2Workers& before,
                                   const std::set<int>& renewed, const os::Path& release) const {
    for (const auto& name : names) {
        const auto mine = workers_named(now, name);
        if (mine.empty()) return "pm2 doesn't know app '" + name + "'";
        for (const auto& worker : mine) {
            const auto who = "worker " + std::to_string(worker.id) + " of pm2 app '" + name + "' ";
            if (!online(worker) || !alive(worker.pid)) return who + "is " + worker.status;
            const auto* earlier = worker_by_id(before, worker.id);
            if (earlier != nullptr && renewed.contains(worker.id) && earlier->pid == worker.pid) return who + "was not replaced";
            const auto folder = running_from(worker.pid);
            if (folder.empty() || !paths_.runs(folder, release))
                return who + "runs from '" + folder.string() + "', not from '" + release.string() + "'";
        }
    }
    return {};
}

Result<> Pm2Services::confirm_running(const Names& names, const Pm2Workers& before, const std::set<int>& renewed,
                                      const os::Path& release) {
    const auto until = clock_.steady() + site_.services.settle + steady_for;
    for (;;) {
        const auto now = TRY(own(names));
        if (const auto death = death_since(before, now); !death.app.empty()) return died(death);
        const auto problem = objection(names, now, before, renewed, release);
        const auto young = [time = clock_.steady()](const Pm2Worker& one) {
            return age_of(one.pid, time).value_or(os::Milliseconds(0)) < steady_for;
        };
        if (problem.empty() && std::none_of(now.begin(), now.end(), young)) return {};
        if (clock_.steady() >= until)
            return fail(Code::failed,
                        (problem.empty() ? "a worker is replaced again and again" : problem) + " after " +
                            format_duration(site_.services.settle) + (said_.empty() ? "" : " (pm2 said: " + said_ + ")"),
                        "see 'pm2 list' and 'pm2 logs' as the installation's user");
        clock_.sleep(pause);
    }
}

Result<> Pm2Services::reload_online(const Names& names, const os::Path& release) {
    if (names.empty()) return {};
    const auto before = TRY(own(names));
    const auto until = clock_.steady() + site_.services.settle;
    for (;;) {
        if (ecosystem_.configured()) {
            TRY_VOID(through_wrapper("startOrReload", names, before));
        } else {
            const auto settle = std::to_string(site_.services.settle.count());
            for (const auto& name : names) {
                Argv arguments{"reload", name, "--update-env", "--force",
                               "--silent"};  // --force: a reload that was cut short left its lock
                if (kept({name}, before).at(name).patient) arguments.insert(arguments.end(), {"--listen-timeout", settle});
                TRY_VOID(watched(arguments, Pm2Gives::by_name, names, before));
            }
        }
        // An earlier reload may still be waiting for its worker.
        if (said_.find("already in progress") == std::string::npos || clock_.steady() >= until) break;
        clock_.sleep(pause);
    }
    const auto ids = ids_of(before);
    TRY_VOID(confirm_running(names, before, {ids.begin(), ids.end()}, release));
    return scale(names, release);
}

// startOrReload ignores a changed number of instances in silence.
Result<> Pm2Services::scale(const Names& names, const os::Path& release) {
    for (const auto& name : names) {
        const auto found = wanted_.find(name);
        if (found == wanted_.end() || !found->second.instances) continue;
        const auto before = TRY(own({name}));
        const auto count = *found->second.instances;
        if (static_cast<int>(before.size()) == count) continue;
        TRY_VOID(watched({"scale", name, std::to_string(count), "--silent"}, Pm2Gives::nothing, {name}, before));
        TRY_VOID(confirm_running({name}, before, {}, release));
        if (static_cast<int>(TRY(own({name})).size()) != count)
            return fail(Code::failed, "pm2 app '" + name + "' does not run with " + std::to_string(count) +
                                          " workers (pm2 said: " + said_ + ")");
    }
    return {};
}

// Workers that a failed reload left dead or dying are restarted alone: the others may still run what is wanted, and serve.
// A restart also works where the outgoing worker of that reload is still parked, which a reload would refuse.
Result<> Pm2Services::revive(const Names& names, const os::Path& release, bool then_reload) {
    for (const auto& name : names) {
        const auto down = down_among(TRY(own({name})));
        Argv stop{"stop"};
        add_ids(stop, down);
        stop.push_back("--silent");
        TRY_VOID(tool_.run(stop, Pm2Gives::nothing, patience(down)));
        const auto before = TRY(own({name}));
        Argv restart{"restart"};
        add_ids(restart, down);
        restart.insert(restart.end(), {"--update-env", "--silent"});
        TRY_VOID(watched(restart, Pm2Gives::by_name, {name}, before));
        const bool stale = !objection({name}, TRY(own({name})), before, {}, release).empty();
        if (then_reload && stale)
            TRY_VOID(reload_online({name}, release));
        else
            TRY_VOID(confirm_running({name}, before, {}, release));
    }
    return {};
}

Result<> Pm2Services::start_down(const Names& names, const os::Path& release) {
    if (names.empty()) return {};
    // A dying app is stopped first, or its last deaths would be counted against the start.
    for (const auto& worker : TRY(own(names))) {
        if (worker.status != "stopped")
            TRY_VOID(tool_.run({"stop", std::to_string(worker.id), "--silent"}, Pm2Gives::nothing, patience({worker})));
    }
    const auto before = TRY(own(names));
    if (ecosystem_.configured()) {
        TRY_VOID(through_wrapper("start", names, before));
    } else {
        for (const auto& name : names)
            TRY_VOID(watched({"restart", name, "--update-env", "--silent"}, Pm2Gives::by_name, names, before));
    }
    TRY_VOID(confirm_running(names, before, {}, release));
    return scale(names, release);
}

Result<> Pm2Services::replace(const Names& names, const os::Path& release) {
    if (names.empty()) return {};
    const auto before = TRY(own(names));
    const auto apps = kept(names, before);
    for (const auto& name : names)
        TRY_VOID(tool_.run({"delete", name, "--silent"}, Pm2Gives::nothing, patience(workers_named(before, name))));
    const auto until = clock_.steady() + site_.services.settle;
    const auto left = [&] {
        return std::any_of(before.begin(), before.end(), [](const Pm2Worker& one) { return alive(one.pid); });
    };
    while (left() && clock_.steady() < until) clock_.sleep(pause);
    const auto wrapper = TRY(ecosystem_.wrap(apps));
    auto done = watched({"start", wrapper.string(), "--update-env", "--silent"}, Pm2Gives::wrapped, names, {});
    ecosystem_.discard(wrapper);
    TRY_VOID(std::move(done));
    return confirm_running(names, {}, {}, release);
}

Result<> Pm2Services::start(const Names& names, const os::Path& release) {
    const auto apps = TRY(chosen(names));
    if (tool_.daemon() == 0) {
        TRY_VOID(end_orphans(apps));
        TRY_VOID(tool_.spawn_daemon());
    }
    TRY_VOID(load_wanted(apps));
    const auto what = TRY(sorted(apps, TRY(own(apps)), false));
    TRY_VOID(revive(what.revive, release, false));
    TRY_VOID(replace(what.replace, release));
    TRY_VOID(start_down(what.start, release));
    return straighten_dumps();
}

Result<> Pm2Services::reload(const Names& names, const os::Path& release) {
    const auto apps = TRY(chosen(names));
    if (tool_.daemon() == 0) return start(names, release);
    TRY_VOID(load_wanted(apps));
    const auto what = TRY(sorted(apps, TRY(own(apps)), true));
    TRY_VOID(revive(what.revive, release, true));
    TRY_VOID(reload_online(what.reload, release));
    TRY_VOID(replace(what.replace, release));
    TRY_VOID(start_down(what.start, release));
    return straighten_dumps();
}

}  // namespace uprev
