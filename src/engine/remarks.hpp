// SPDX-License-Identifier: Apache-2.0
// What is said of best-effort steps that did not come off.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "journal/records.hpp"
#include "plan/step.hpp"

namespace uprev {

std::string remark(const PlannedStep& step, const std::string& why);
// One for each step that is on record as skipped.
std::vector<std::string> remarks_of(const Plan& plan, const std::map<std::string, StepRecord>& records);

}  // namespace uprev
