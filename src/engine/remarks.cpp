// SPDX-License-Identifier: Apache-2.0
#include "engine/remarks.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace uprev {

std::string remark(const PlannedStep& step, const std::string& why) { return "'" + step.title + "' was skipped: " + why; }

std::vector<std::string> remarks_of(const Plan& plan, const std::map<std::string, StepRecord>& records) {
    std::vector<std::string> out;
    for (const auto& step : plan.steps) {
        const auto found = records.find(step.id);
        if (found == records.end() || found->second.status != StepStatus::skipped) continue;
        const auto why = error_from_json(found->second.error).message;
        out.push_back(remark(step, why.empty() ? "it was cut off" : why));
    }
    return out;
}

}  // namespace uprev
