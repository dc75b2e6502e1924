// SPDX-License-Identifier: Apache-2.0
// Facts into findings: what blocks, what warns, what is worth a note. Pure; every finding at once, each with its next step.
#pragma once

#include "plan/facts.hpp"
#include "plan/step.hpp"

namespace uprev {

struct Consent {
    bool breaking = false;    // --allow-breaking
    std::string reason;       // --reason
    bool downgrade = false;   // --allow-downgrade
    bool edits = false;       // --accept-edits
    bool unattended = false;  // `uprev auto`: windows always count
    bool window_open = true;
    std::string next_window;
};

std::vector<Finding> judge(const PlanInput& input, const Consent& consent);
std::vector<Finding> judge_disks(const Facts& facts);  // each disk that is too small, with all that is needed on it
bool blocks(const std::vector<Finding>& findings);
// The blocking findings as one error: the first one's code, all messages.
Error as_error(const std::vector<Finding>& findings);

}  // namespace uprev
