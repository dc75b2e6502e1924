// SPDX-License-Identifier: Apache-2.0
#include "engine/safe_state.hpp"

#include <algorithm>

#include "plan/make_plan.hpp"

namespace uprev {

namespace {
bool old_code_is_safe(StepContext& context) {
    const auto& steps = context.plan.steps;
    const bool migrated = std::any_of(steps.begin(), steps.end(), [&](const auto& s) { return s.kind == "migrate.run" && context.status(s.id) != StepStatus::pending; });
    if (!migrated) return true;
    for (const auto& [name, database] : context.ports.databases) {
        const auto facts = database->inspect();
        if (!facts || !reads_schema(context.pinned.old_release.reads_schema, context.pinned.old_release.schema, facts->schema)) return false;
    }
    return !context.ports.databases.empty();
}

std::string done(const std::string& what, const Result<>& result) { return result ? what : what + " failed: " + result.error().text(); }
}  // namespace

std::vector<std::string> enter_safe_state(StepContext& context) {
    std::vector<std::string> lines;
    if (context.status("gate.hold") == StepStatus::done) return {"the new release's gate held: it keeps serving"};
    const auto active = context.ports.layout->active();
    const bool on_old = active && active->folder == context.pinned.old_folder;
    if (on_old && old_code_is_safe(context)) return {"the old release stays active"};
    lines.push_back(done("services stopped: no release is known to read the schema as it is now", context.ports.services->stop({})));
    lines.push_back(done("guard set: a reboot starts nothing", context.ports.services->guard(true, context.pinned.mark)));
    return lines;
}

}  // namespace uprev
