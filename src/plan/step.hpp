// SPDX-License-Identifier: Apache-2.0
// One unit of a plan, as data. `args` are what the step is about and are covered by the plan's hash; generated paths are not among them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"

namespace uprev {

enum class Phase { fetch, stage, prepare, quiesce, snapshot, migrate, activate, gate, resume, finish };
std::string_view phase_name(Phase phase);
Phase phase_from_name(std::string_view name);

struct PlannedStep {
    std::string id;    // "prepare.build.admin": unique in the plan, stable between runs
    std::string kind;  // row in the step table: "prepare.build"
    int version = 1;   // of the kind
    Phase phase = Phase::stage;
    std::string title;        // "build admin"
    std::string reason;       // "the release file lists it under builds"
    std::string undo;         // "drop the staging folder"; empty: nothing to undo
    bool disruptive = false;  // users may notice
    bool parallel = false;    // may run beside its parallel neighbours
    Json args = Json::object();
};

enum class Writes { frozen, live };

struct Finding {
    enum class Severity { note, warning, blocker };
    Severity severity = Severity::note;
    std::string id;  // "environment.missing"
    std::string message;
    std::string hint;
    Code code = Code::refused;  // exit code when it blocks
};
std::string_view severity_name(Finding::Severity severity);

struct Plan {
    std::string kind;  // upgrade | rollback
    std::string from;
    std::string to;
    std::string layout;
    Writes writes = Writes::live;
    std::string writes_reason;
    std::vector<PlannedStep> steps;
    std::string point_of_no_return;  // step id; empty: there is none
    std::string point_reason;
    std::string hash;  // sha256 over kind, versions, layout, writes, steps and the facts they rest on
    [[nodiscard]] const PlannedStep* find(std::string_view id) const;
    [[nodiscard]] std::size_t index(std::string_view id) const;  // steps.size() when absent
    [[nodiscard]] std::size_t first_disruptive() const;          // steps.size() when none is
    // From there on there is no way back that keeps every row.
    [[nodiscard]] bool past_point(const PlannedStep& step) const;
};

Json to_json(const Plan& plan);
Result<Plan> plan_from_json(const Json& json);
Json to_json(const Finding& finding);

}  // namespace uprev
