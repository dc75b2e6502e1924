// SPDX-License-Identifier: Apache-2.0
// Every step kind's functions, and the one table that lists them. Adding a kind: one file, one declaration, one row.
#pragma once

#include "engine/step_kind.hpp"

namespace uprev {

const StepTable& step_table();

namespace steps {

Result<Json> unpack(StepContext&, const PlannedStep&);
Result<> drop_staging(StepContext&, const PlannedStep&);
Result<Json> link_kept(StepContext&, const PlannedStep&);
Result<Json> promote(StepContext&, const PlannedStep&);
Result<> drop_release(StepContext&, const PlannedStep&);

Result<Json> install_dependencies(StepContext&, const PlannedStep&);
Result<Json> build(StepContext&, const PlannedStep&);
Result<Json> seal(StepContext&, const PlannedStep&);

Result<Json> rehearse_snapshot(StepContext&, const PlannedStep&);
Result<> forget_rehearsal(StepContext&, const PlannedStep&);
Result<Json> take_snapshot(StepContext&, const PlannedStep&);
Result<Json> lay_set_aside(StepContext&, const PlannedStep&);
Result<> drop_laid(StepContext&, const PlannedStep&);
Result<Json> restore_set(StepContext&, const PlannedStep&);
Result<> restore_snapshot(StepContext&, const PlannedStep&);

Result<Json> maintenance_on(StepContext&, const PlannedStep&);
Result<Json> maintenance_off(StepContext&, const PlannedStep&);
Result<> undo_maintenance(StepContext&, const PlannedStep&);
Result<Json> guard_on(StepContext&, const PlannedStep&);
Result<Json> guard_off(StepContext&, const PlannedStep&);
Result<> undo_guard(StepContext&, const PlannedStep&);

Result<Json> fence(StepContext&, const PlannedStep&);
Result<> unfence(StepContext&, const PlannedStep&);
Result<Json> open_databases(StepContext&, const PlannedStep&);
Result<> close_databases(StepContext&, const PlannedStep&);

Result<Json> list_pending(StepContext&, const PlannedStep&);
Result<Json> migrate(StepContext&, const PlannedStep&);
Result<Observation> observe_migration(StepContext&, const PlannedStep&);
// Code::needs_operator where a fence that doesn't stand by itself may have let a writer through since the last migration ended.
Result<> nobody_wrote_since_migration(StepContext&);
// {database: write mark} as uprev's own steps left them; databases of which it isn't known are absent.
std::map<std::string, std::string> marks_left(const StepContext&);
Result<Json> check_schema(StepContext&, const PlannedStep&);

Result<Json> standby(StepContext&, const PlannedStep&);
Result<> reload_old(StepContext&, const PlannedStep&);
Result<Json> stop_services(StepContext&, const PlannedStep&);
Result<Observation> observe_stopped(StepContext&, const PlannedStep&);
Result<> start_old(StepContext&, const PlannedStep&);
Result<Json> switch_pointer(StepContext&, const PlannedStep&);
Result<> switch_pointer_back(StepContext&, const PlannedStep&);
Result<Json> start_services(StepContext&, const PlannedStep&);
Result<Json> reload_services(StepContext&, const PlannedStep&);
Result<Observation> observe_running_new(StepContext&, const PlannedStep&);
Result<> stop_new(StepContext&, const PlannedStep&);
Result<> stop_added(StepContext&, const PlannedStep&);
Result<> start_retired(StepContext&, const PlannedStep&);

Result<Json> hold_gate(StepContext&, const PlannedStep&);
Result<Json> compare_plugins(StepContext&, const PlannedStep&);

Result<Json> record_generation(StepContext&, const PlannedStep&);
Result<Json> settle_snapshots(StepContext&, const PlannedStep&);
Result<Json> collect_garbage(StepContext&, const PlannedStep&);

}  // namespace steps
}  // namespace uprev
