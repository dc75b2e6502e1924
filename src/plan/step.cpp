// SPDX-License-Identifier: Apache-2.0
#include "plan/step.hpp"

#include <array>

namespace uprev {

namespace {
constexpr std::array<std::string_view, 10> phases{"fetch",   "stage",    "prepare", "quiesce", "snapshot",
                                                  "migrate", "activate", "gate",    "resume",  "finish"};
}

std::string_view phase_name(Phase phase) { return phases[static_cast<std::size_t>(phase)]; }

Phase phase_from_name(std::string_view name) {
    for (std::size_t i = 0; i < phases.size(); ++i)
        if (phases[i] == name) return static_cast<Phase>(i);
    return Phase::finish;
}

std::string_view severity_name(Finding::Severity severity) {
    return severity == Finding::Severity::blocker ? "blocker" : severity == Finding::Severity::warning ? "warning" : "note";
}

const PlannedStep* Plan::find(std::string_view id) const {
    const auto i = index(id);
    return i < steps.size() ? &steps[i] : nullptr;
}

std::size_t Plan::index(std::string_view id) const {
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i].id == id) return i;
    return steps.size();
}

bool Plan::past_point(const PlannedStep& step) const {
    if (point_of_no_return.empty()) return step.phase > Phase::gate;
    const auto point = index(point_of_no_return);
    const auto here = index(step.id);
    return here > point || (here == point && (step.kind == "migrate.run" || step.kind == "database.restore"));
}

std::size_t Plan::first_disruptive() const {
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i].disruptive) return i;
    return steps.size();
}

Json to_json(const Finding& f) {
    return {{"severity", severity_name(f.severity)}, {"id", f.id}, {"message", f.message}, {"hint", f.hint}};
}

Json to_json(const Plan& plan) {
    Json steps = Json::array();
    for (const auto& s : plan.steps)
        steps.push_back({{"id", s.id},
                         {"kind", s.kind},
                         {"version", s.version},
                         {"phase", phase_name(s.phase)},
                         {"title", s.title},
                         {"reason", s.reason},
                         {"undo", s.undo},
                         {"disruptive", s.disruptive},
                         {"parallel", s.parallel},
                         {"args", s.args}});
    return {{"kind", plan.kind},
            {"from", plan.from},
            {"to", plan.to},
            {"layout", plan.layout},
            {"writes", plan.writes == Writes::live ? "live" : "frozen"},
            {"writes_reason", plan.writes_reason},
            {"steps", steps},
            {"point_of_no_return", plan.point_of_no_return},
            {"point_reason", plan.point_reason},
            {"hash", plan.hash}};
}

Result<Plan> plan_from_json(const Json& json) {
    try {
        Plan plan;
        plan.kind = json.at("kind");
        plan.from = json.at("from");
        plan.to = json.at("to");
        plan.layout = json.at("layout");
        plan.writes = json.at("writes") == "live" ? Writes::live : Writes::frozen;
        plan.writes_reason = json.at("writes_reason");
        plan.point_of_no_return = json.at("point_of_no_return");
        plan.point_reason = json.at("point_reason");
        plan.hash = json.at("hash");
        for (const auto& s : json.at("steps")) {
            PlannedStep step;
            step.id = s.at("id");
            step.kind = s.at("kind");
            step.version = s.at("version");
            step.phase = phase_from_name(s.at("phase").get<std::string>());
            step.title = s.at("title");
            step.reason = s.at("reason");
            step.undo = s.at("undo");
            step.disruptive = s.at("disruptive");
            step.parallel = s.at("parallel");
            step.args = s.at("args");
            plan.steps.push_back(std::move(step));
        }
        return plan;
    } catch (const Json::exception& e) {
        return fail(Code::corrupt, std::string("the journal's plan cannot be read: ") + e.what(),
                    "this operation was written by another uprev; use that version");
    }
}

}  // namespace uprev
