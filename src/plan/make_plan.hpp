// SPDX-License-Identifier: Apache-2.0
// (configuration, facts, target) -> Plan, with a reason for every step. Pure: the same input gives the same plan and hash.
#pragma once

#include "plan/facts.hpp"
#include "plan/step.hpp"

namespace uprev {

Plan plan_upgrade(const PlanInput& input);
bool migrates(const PlanInput& input);  // whether that plan migrates, and so takes a snapshot set first
// Pointer and services only: no migration, no snapshot. What it would leave behind is judged in preflight/.
Plan plan_rollback(const PlanInput& input);

// A snapshot set and the release it belongs to, put in force. `snapshots`: the set as it stands in the journal.
Plan plan_restore(const PlanInput& input, const Json& snapshots);
// The new release that a stopped upgrade left behind, opened and started; it must hold its gate.
Plan plan_accept(const PlanInput& input);

// Whether a release that declares `reads` can serve on `schema`: exact words or npm ranges. An empty schema is readable by nobody.
bool reads_schema(const std::vector<std::string>& reads, const std::string& own, const std::string& schema);

}  // namespace uprev
