// SPDX-License-Identifier: Apache-2.0
#include "engine/safe_state.hpp"

#include <algorithm>

#include "engine/verdict.hpp"

namespace uprev {

namespace {
// Known to read the schema, or the schema was never touched.
bool old_code_is_safe(StepContext& context) {
    const auto known = reads_now(context.pinned.old_release, context.ports.databases);
    if (known != Reads::unknown) return known == Reads::yes;
    const auto& steps = context.plan.steps;
    return std::none_of(steps.begin(), steps.end(), [&](const auto& s) {
        return (s.kind == "migrate.run" || s.kind == "database.restore") && context.status(s.id) != StepStatus::pending;
    });
}

std::string done(const std::string& what, const std::string& not_so, const Result<>& result) {
    return result ? what : not_so + ": " + result.error().text();
}
}  // namespace

std::vector<std::string> enter_safe_state(StepContext& context, bool guard) {
    std::vector<std::string> lines;
    if (context.status("gate.hold") == StepStatus::done) return {"the new release's gate held: it keeps serving"};
    const auto active = context.ports.layout->active();
    const bool on_old = active && active->folder == context.pinned.old_folder;
    if (on_old && old_code_is_safe(context)) return {"the old release stays active"};
    lines.push_back(done("services stopped: no release is known to read the schema as it is now",
                         "the services could not be stopped", context.ports.services->stop({})));
    if (!guard) return lines;
    lines.push_back(done("guard set: a reboot starts nothing",
                         "there is no guard, so a reboot may start a release on a schema that it can't read",
                         context.ports.services->guard(true, context.pinned.mark)));
    return lines;
}

}  // namespace uprev
