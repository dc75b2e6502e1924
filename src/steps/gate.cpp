// SPDX-License-Identifier: Apache-2.0
#include "steps/gate.hpp"

#include <algorithm>
#include <optional>

#include "preflight/plugins.hpp"
#include "preflight/probe_values.hpp"
#include "release/version.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
using os::Milliseconds;
constexpr Milliseconds silent_window{5'000};

// One health question and how long it has been holding.
struct Watched {
    std::string service;
    ProbeSpec spec;
    std::string version_pointer;
    std::optional<Milliseconds> since;  // steady time from which it holds without a break
    Answer last;
};

bool same_version(const std::string& a, const std::string& b) {
    const auto left = Version::parse(a);
    const auto right = Version::parse(b);
    return left && right ? *left == *right : a == b;
}

Result<std::vector<Watched>> questions(StepContext& c, const ReleaseFile& release, const os::Path& folder,
                                       const std::string& version) {
    std::vector<Watched> out;
    for (const auto& service : release.services) {
        bool first = true;
        for (const auto& spec : service.health) {
            out.push_back({service.name,
                           TRY(filled(spec, c.pinned.site, folder, version.empty() ? c.plan.from : version)),
                           first ? service.version_json : "",
                           {},
                           {}});
            first = false;
        }
    }
    return out;
}

void ask(StepContext& c, Watched& w, const std::string& version) {
    w.last = c.ports.probe->ask(w.spec, w.version_pointer);
    if (w.last.ok && !w.version_pointer.empty() && !version.empty() && !same_version(w.last.version, version)) {
        w.last.ok = false;
        w.last.seen = "serves version '" + w.last.version + "', not " + version;
    }
    if (!w.last.ok)
        w.since.reset();
    else if (!w.since)
        w.since = c.ports.clock->steady();
}

Result<std::map<std::string, std::uint32_t>> settled_services(StepContext& c, const ReleaseFile& release,
                                                              const os::Path& folder) {
    std::map<std::string, std::uint32_t> restarts;
    for (const auto& s : TRY(c.ports.services->observe())) {
        const bool ours =
            std::any_of(release.services.begin(), release.services.end(), [&](const auto& r) { return r.name == s.name; });
        if (!ours) continue;
        if (s.state == RunState::errored || s.state == RunState::stopped || s.state == RunState::missing)
            return fail(Code::failed, "service '" + s.name + "' isn't running" + (s.problem.empty() ? "" : ": " + s.problem),
                        "see its log");
        if (!s.running_from.empty() && !runs_from(s.running_from, folder))
            return fail(Code::failed, "service '" + s.name + "' runs from " + s.running_from + ", not from " + folder.string(),
                        "it was started from a resolved path: delete it from its manager and start it through the pointer");
        restarts[s.name] = s.restarts;
    }
    return restarts;
}

Result<> no_crash_loop(const std::map<std::string, std::uint32_t>& before, const std::map<std::string, std::uint32_t>& after) {
    for (const auto& [name, restarts] : after)
        if (const auto found = before.find(name); found != before.end() && restarts > found->second)
            return fail(Code::failed, "service '" + name + "' restarts by itself", "see its log");
    return {};
}

Result<> hold(StepContext& c, std::vector<Watched>& watched, const std::string& version) {
    const auto begun = c.ports.clock->steady();
    Milliseconds every{1'000};
    for (const auto& w : watched) every = std::min(every, w.spec.every);
    for (;;) {
        bool all = true;
        for (auto& w : watched) {
            ask(c, w, version);
            const auto now = c.ports.clock->steady();
            const bool stable = w.since && now - *w.since >= w.spec.stable;
            // A probe that holds gets its stability window even when `within` ends first.
            if (!stable && now - begun > w.spec.within && !w.since)
                return fail(Code::failed,
                            "health '" + w.service + "/" + (w.spec.name.empty() ? w.spec.kind : w.spec.name) +
                                "' does not hold: " + w.last.seen,
                            "see the service's log");
            all = all && stable;
        }
        if (all) return {};
        if (c.cancelled && c.cancelled()) return fail(Code::interrupted, "stopped on request while the gate was watched");
        c.ports.clock->sleep(every);
    }
}

// A service that nobody can ask is watched instead: it must be up, and stay up without being restarted.
Result<> watch_the_silent(StepContext& c, const ReleaseFile& release, const os::Path& folder,
                          const std::map<std::string, std::uint32_t>& before) {
    const bool silent =
        std::any_of(release.services.begin(), release.services.end(), [](const auto& s) { return s.health.empty(); });
    const auto until = c.ports.clock->steady() + silent_window;
    while (silent && c.ports.clock->steady() < until) {
        if (c.cancelled && c.cancelled()) return fail(Code::interrupted, "stopped on request while the gate was watched");
        c.ports.clock->sleep(Milliseconds(500));
        TRY_VOID(no_crash_loop(before, TRY(settled_services(c, release, folder))));
    }
    return {};
}

Result<> smoke(StepContext& c, const ReleaseFile& release, const os::Path& folder, const std::string& version) {
    for (const auto& spec : release.smoke) {
        const auto probe = TRY(filled(spec, c.pinned.site, folder, version.empty() ? c.plan.from : version));
        const auto answer = c.ports.probe->ask(probe, "");
        if (!answer.ok)
            return fail(Code::failed, "smoke request '" + spec.name + "' failed: " + answer.seen, "see the service's log");
    }
    return {};
}

// A release whose database is away can't be well, and isn't to blame.
Error blame(StepContext& c, Error seen) {
    if (seen.code != Code::failed) return seen;
    for (const auto& [name, database] : c.ports.databases) {
        const auto facts = database->inspect();
        if (!facts && (facts.error().code == Code::unavailable || facts.error().code == Code::timeout))
            return fail(facts.error().code, seen.text() + ", and the database '" + name + "' is away: " + facts.error().text(),
                        facts.error().hint);
    }
    return seen;
}
}  // namespace

bool runs_from(const std::string& place, const os::Path& folder) {
    return place == folder.string() || place.starts_with(folder.string() + "/");
}

Result<Json> gate(StepContext& c, const ReleaseFile& release, const os::Path& folder, const std::string& version) {
    auto watched = TRY(questions(c, release, folder, version));
    std::map<std::string, std::uint32_t> before;
    for (const auto& s : TRY(c.ports.services->observe())) before[s.name] = s.restarts;
    if (auto held = hold(c, watched, version); !held) return blame(c, std::move(held).error());
    if (auto answered = smoke(c, release, folder, version); !answered) return blame(c, std::move(answered).error());
    TRY_VOID(watch_the_silent(c, release, folder, before));
    TRY_VOID(no_crash_loop(before, TRY(settled_services(c, release, folder))));
    Json seen = Json::array();
    for (const auto& w : watched)
        seen.push_back({{"service", w.service}, {"probe", w.spec.name}, {"saw", w.last.seen}, {"version", w.last.version}});
    return seen;
}

Result<Json> hold_gate(StepContext& c, const PlannedStep& step) {
    // After a crash the machine may have rebooted behind the guard: what was started once is started again before it is judged.
    if (c.attempt > 1)
        TRY_VOID(c.ports.services->start(step.args.value("services", std::vector<std::string>{}), c.pinned.folder));
    return Json{{"probes", TRY(gate(c, c.pinned.release, c.pinned.folder, c.plan.to))}};
}

// A plugin that stayed behind in the old folder spoils no probe; what it did for users is gone all the same.
Result<Json> compare_plugins(StepContext& c, const PlannedStep&) {
    if (!c.pinned.site.plugins) return Json::object();
    const auto& spec = *c.pinned.site.plugins;
    const auto before = TRY(read_plugins(*c.ports.fs, spec, c.pinned.old_folder));
    const auto now = TRY(read_plugins(*c.ports.fs, spec, c.pinned.folder));
    std::string missing;
    for (const auto& plugin : before)
        if (std::none_of(now.begin(), now.end(), [&](const auto& p) { return p.name == plugin.name; }))
            missing += (missing.empty() ? "" : ", ") + plugin.name + " " + plugin.version;
    if (missing.empty()) return Json{{"plugins", now.size()}};
    return fail(Code::failed, c.plan.to + " lacks plugins that " + c.plan.from + " has: " + missing +
                                  "; install them in its folder, or list '" + spec.folder + "' under keep");
}

}  // namespace uprev::steps
