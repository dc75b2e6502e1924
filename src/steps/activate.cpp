// SPDX-License-Identifier: Apache-2.0
// The pointer and the services. A service manager's exit code proves nothing: where the processes run from does.
#include <algorithm>

#include "steps/gate.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
std::vector<std::string> names_of(const ReleaseFile& release) {
    std::vector<std::string> out;
    for (const auto& s : release.services) out.push_back(s.name);
    return out;
}

std::vector<std::string> names_in(const PlannedStep& step) { return step.args.value("services", std::vector<std::string>{}); }

bool listed(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Result<> old_must_serve(StepContext& c) {
    auto held = gate(c, c.pinned.old_release, c.pinned.old_folder, "");
    if (held) return {};
    if (held.error().code != Code::failed) return std::move(held).error();
    return fail(Code::needs_operator, "the old release was put back but does not hold its gate: " + held.error().text(),
                held.error().hint);
}
}  // namespace

Result<Json> standby(StepContext& c, const PlannedStep&) {
    Json running = Json::array();
    for (const auto& s : TRY(c.ports.services->observe()))
        if (s.state == RunState::running) running.push_back(s.name);
    return Json{{"running", running}};
}

Result<> reload_old(StepContext& c, const PlannedStep&) {
    if (c.status("pointer.switch") == StepStatus::pending) return {};
    TRY_VOID(c.ports.services->reload(names_of(c.pinned.old_release), c.pinned.old_folder));
    return old_must_serve(c);
}

Result<Json> stop_services(StepContext& c, const PlannedStep& step) {
    TRY_VOID(c.ports.services->stop(names_in(step)));
    return Json::object();
}

Result<Observation> observe_stopped(StepContext& c, const PlannedStep& step) {
    const auto names = names_in(step);
    for (const auto& s : TRY(c.ports.services->observe()))
        if (listed(names, s.name) && !s.pids.empty()) return Observation::not_done;
    return Observation::done;
}

Result<> start_old(StepContext& c, const PlannedStep& step) {
    if (step.args.value("stay", false)) return {};
    TRY_VOID(c.ports.services->start(names_in(step), c.pinned.old_folder));
    return old_must_serve(c);
}

Result<Json> switch_pointer(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.layout->activate(c.pinned.folder));
    return Json{{"from", c.pinned.old_folder.string()}, {"to", c.pinned.folder.string()}};
}

Result<> switch_pointer_back(StepContext& c, const PlannedStep&) { return c.ports.layout->activate(c.pinned.old_folder); }

namespace {
// What runs from elsewhere, or from nobody knows where, would be taken for started.
Result<> stop_strays(StepContext& c, const std::vector<std::string>& names) {
    std::vector<std::string> strays;
    for (const auto& s : TRY(c.ports.services->observe()))
        if (listed(names, s.name) && s.state != RunState::stopped && s.state != RunState::missing &&
            !runs_from(s.running_from, c.pinned.folder))
            strays.push_back(s.name);
    return strays.empty() ? Result<>() : c.ports.services->stop(strays);
}
}  // namespace

Result<Json> start_services(StepContext& c, const PlannedStep& step) {
    if (step.args.value("move", false)) TRY_VOID(stop_strays(c, names_in(step)));
    TRY_VOID(c.ports.services->start(names_in(step), c.pinned.folder));
    return Json::object();
}

Result<Json> reload_services(StepContext& c, const PlannedStep& step) {
    TRY_VOID(c.ports.services->reload(names_in(step), c.pinned.folder));
    return Json::object();
}

Result<Observation> observe_running_new(StepContext& c, const PlannedStep& step) {
    const auto names = names_in(step);
    for (const auto& s : TRY(c.ports.services->observe())) {
        if (!listed(names, s.name)) continue;
        if (s.state != RunState::running || (!s.running_from.empty() && !runs_from(s.running_from, c.pinned.folder)))
            return Observation::not_done;
    }
    return Observation::done;
}

Result<> stop_new(StepContext& c, const PlannedStep& step) { return c.ports.services->stop(names_in(step)); }

// Those that only the new release has: their folder is about to go.
Result<> stop_added(StepContext& c, const PlannedStep& step) {
    const auto added = step.args.value("added", std::vector<std::string>{});
    return added.empty() ? Result<>() : c.ports.services->stop(added);
}

Result<> start_retired(StepContext& c, const PlannedStep& step) {
    return c.ports.services->start(names_in(step), c.pinned.old_folder);
}

}  // namespace uprev::steps
