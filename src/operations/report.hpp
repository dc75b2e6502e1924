// SPDX-License-Identifier: Apache-2.0
// What an operation came to, as one JSON object (see docs/cli.md) and as text.
#pragma once

#include "engine/run.hpp"
#include "operations/session.hpp"

namespace uprev {

struct ReportInput {
    const Operation* operation = nullptr;
    const Plan* plan = nullptr;      // null: none was made
    const Pinned* pinned = nullptr;  // null: none
    std::vector<StepRecord> steps;
    std::vector<Finding> findings;
    RunOutcome outcome;
    Json downtime;                 // null: nothing disruptive ran
    Json choices = Json::array();  // after needs_operator
    std::vector<std::string> remaining;
    bool recovered = false;
};
Json make_report(const ReportInput& input);

std::string report_text(const Json& report);

}  // namespace uprev
