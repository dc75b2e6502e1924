// SPDX-License-Identifier: Apache-2.0
#include "engine/step_kind.hpp"

namespace uprev {

const StepKind* find_kind(const StepTable& table, std::string_view name) {
    for (const auto& kind : table)
        if (kind.name == name) return &kind;
    return nullptr;
}

Result<> knows_all(const StepTable& table, const Plan& plan, const std::string& planned_by) {
    for (const auto& step : plan.steps) {
        const auto* kind = find_kind(table, step.kind);
        if (kind == nullptr || kind->version < step.version)
            return fail(Code::refused,
                        "this uprev doesn't know step kind '" + step.kind + "' version " + std::to_string(step.version),
                        "finish the operation with the uprev that began it, version " + planned_by);
    }
    return {};
}

std::string_view class_name(StepClass step_class) {
    switch (step_class) {
        case StepClass::repeatable:
            return "repeatable";
        case StepClass::observed:
            return "observed";
        case StepClass::once:
            return "once";
        case StepClass::best_effort:
            return "best effort";
    }
    return "";
}

}  // namespace uprev
