// SPDX-License-Identifier: Apache-2.0
#include "engine/step_kind.hpp"

namespace uprev {

const StepKind* find_kind(const StepTable& table, std::string_view name) {
    for (const auto& kind : table)
        if (kind.name == name) return &kind;
    return nullptr;
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
