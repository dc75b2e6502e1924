// SPDX-License-Identifier: Apache-2.0
// Maintenance mode, the guard, and the fence around the databases.
#include "engine/verdict.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
Result<> maintenance(StepContext& c, const PlannedStep& step, bool on) {
    const auto& spec = on ? c.pinned.site.maintenance.on : c.pinned.site.maintenance.off;
    if (spec.empty()) return {};
    const auto active = TRY(c.ports.layout->active());
    TRY(c.command(step, spec, active.folder, {}, {}, on ? "on" : "off"));
    return {};
}
}  // namespace

Result<Json> maintenance_on(StepContext& c, const PlannedStep& step) {
    TRY_VOID(maintenance(c, step, true));
    return Json::object();
}

Result<Json> maintenance_off(StepContext& c, const PlannedStep& step) {
    TRY_VOID(maintenance(c, step, false));
    return Json::object();
}

Result<> undo_maintenance(StepContext& c, const PlannedStep& step) { return maintenance(c, step, false); }

Result<Json> guard_on(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.services->guard(true, c.pinned.mark));
    return Json::object();
}

Result<Json> guard_off(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.services->guard(false, c.pinned.mark));
    return Json::object();
}

Result<> undo_guard(StepContext& c, const PlannedStep& step) {
    if (step.args.value("stay", false)) return {};
    return c.ports.services->guard(false, c.pinned.mark);
}

Result<Json> fence(StepContext& c, const PlannedStep&) {
    Json names = Json::object();
    for (const auto& [name, database] : c.ports.databases) {
        c.say("fencing '" + name + "'");
        names[name] = TRY(database->fence(c.pinned.mark)).name;
    }
    return Json{{"fenced", names}};
}

Result<> unfence(StepContext& c, const PlannedStep& step) {
    if (step.args.value("stay", false)) return {};
    for (const auto& [name, database] : c.ports.databases) TRY_VOID(database->unfence(c.pinned.mark));
    return {};
}

// The mark is taken after the fence is open (opening writes to the catalogue) and before any service starts.
Result<Json> open_databases(StepContext& c, const PlannedStep&) {
    Json marks = Json::object();
    const auto left = marks_left(c);
    for (const auto& [name, database] : c.ports.databases) {
        TRY_VOID(database->unfence(c.pinned.mark));
        // Where nothing but the stopped services kept writers out, somebody may have written between the migration and now.
        const auto known = left.find(name);
        marks[name] = database->fence_stands() || known == left.end() ? TRY(database->inspect()).write_mark : known->second;
    }
    return Json{{"marks", marks}};
}

Result<> close_databases(StepContext& c, const PlannedStep& step) {
    const auto verdict = data_verdict(c.verdict.value("data", ""));
    if (verdict == DataVerdict::keep_schema || verdict == DataVerdict::untouched) return unfence(c, step);
    const auto marks = c.outputs(step.id).is_object() ? c.outputs(step.id).value("marks", Json::object()) : Json::object();
    for (const auto& [name, database] : c.ports.databases) {
        const auto mark = marks.value(name, "");
        // Cut off while opening: no service was started since, so nobody of ours wrote; without a mark that is not proof.
        const auto written = mark.empty() ? Written::unknown : TRY(database->written_since(mark));
        if (written != Written::no)
            return fail(Code::needs_operator, "database '" + name + "' may have been written to after it was opened for the gate",
                        "going back would lose what was written: see 'uprev status' for the choices");
    }
    TRY(fence(c, step));
    return {};
}

}  // namespace uprev::steps
