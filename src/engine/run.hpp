// SPDX-License-Identifier: Apache-2.0
// Runs a frozen plan through the journal, forward or back, and recovers one that a crash cut off.
// Intent is durable before anything acts. Going back undoes in reverse order. The same loop serves a first run and a recovery:
// what differs is only what the journal already holds.
#pragma once

#include <functional>
#include <string>

#include "engine/step_kind.hpp"
#include "journal/journal.hpp"

namespace uprev {

struct StepEvent {
    const PlannedStep* step = nullptr;
    StepStatus status = StepStatus::doing;
    const Error* error = nullptr;
};

struct EngineHooks {
    std::function<bool()> cancelled = [] { return false; };
    std::function<void(const StepEvent&)> event = [](const StepEvent&) {};
    std::function<void(const PlannedStep&, const std::string&)> say = [](const PlannedStep&, const std::string&) {};
    std::function<void()> before_disruption = [] {};  // once, before the first step from quiesce on
    bool go_back = false;  // somebody asked for it: what stands half-way goes back, where there is a way back
    bool decides = false;  // somebody comes with a decision: what can't go on stops for it instead of standing half-way
};

struct RunOutcome {
    OperationResult result = OperationResult::needs_operator;
    Error error;  // why it went back or stopped; empty message when it succeeded
    std::string failed_step;
    std::vector<std::string> remarks;  // best-effort steps that failed, checks that degraded
};

class Engine {
   public:
    Engine(const StepTable& table, Journal& journal, Ports& ports) : table_(table), journal_(journal), ports_(ports) {}
    // `operation` has a frozen plan. Safe to call again after any crash. Does not write the final result: the caller reports and finishes.
    Result<RunOutcome> run(const Operation& operation, const EngineHooks& hooks);

   private:
    const StepTable& table_;
    Journal& journal_;
    Ports& ports_;
};

}  // namespace uprev
