// SPDX-License-Identifier: Apache-2.0
#include "steps/steps.hpp"

namespace uprev {

const StepTable& step_table() {
    using namespace steps;
    static const StepTable table{
        // name, version, class, perform, observe, undo
        {"stage.unpack", 1, StepClass::repeatable, unpack, nullptr, drop_staging},
        {"stage.link", 1, StepClass::repeatable, link_kept, nullptr, nullptr},
        {"stage.promote", 1, StepClass::repeatable, promote, nullptr, drop_release},
        {"prepare.dependencies", 1, StepClass::repeatable, install_dependencies, nullptr, nullptr},
        {"prepare.build", 1, StepClass::repeatable, build, nullptr, nullptr},
        {"prepare.pending", 1, StepClass::repeatable, list_pending, nullptr, nullptr},
        {"prepare.seal", 1, StepClass::repeatable, seal, nullptr, nullptr},
        {"snapshot.rehearse", 1, StepClass::repeatable, rehearse_snapshot, nullptr, forget_rehearsal},
        {"maintenance.on", 1, StepClass::repeatable, maintenance_on, nullptr, undo_maintenance},
        {"guard.on", 1, StepClass::repeatable, guard_on, nullptr, undo_guard},
        {"services.stop", 1, StepClass::observed, stop_services, observe_stopped, start_old},
        {"database.fence", 1, StepClass::repeatable, fence, nullptr, unfence},
        {"snapshot.take", 1, StepClass::repeatable, take_snapshot, nullptr, restore_snapshot},
        {"database.lay_aside", 1, StepClass::repeatable, lay_set_aside, nullptr, drop_laid},
        {"database.restore", 1, StepClass::repeatable, restore_set, nullptr, nullptr},
        {"migrate.run", 1, StepClass::once, migrate, observe_migration, nullptr},
        {"schema.check", 1, StepClass::repeatable, check_schema, nullptr, nullptr},
        {"services.standby", 1, StepClass::repeatable, standby, nullptr, reload_old},
        {"pointer.switch", 1, StepClass::repeatable, switch_pointer, nullptr, switch_pointer_back},
        {"database.open", 1, StepClass::repeatable, open_databases, nullptr, close_databases},
        {"services.start", 1, StepClass::observed, start_services, observe_running_new, stop_new},
        {"services.reload", 1, StepClass::observed, reload_services, observe_running_new, stop_added},
        {"services.retire", 1, StepClass::observed, stop_services, observe_stopped, start_retired},
        {"gate.hold", 1, StepClass::repeatable, hold_gate, nullptr, nullptr},
        {"gate.plugins", 1, StepClass::best_effort, compare_plugins, nullptr, nullptr},
        {"guard.off", 1, StepClass::repeatable, guard_off, nullptr, nullptr},
        {"maintenance.off", 1, StepClass::repeatable, maintenance_off, nullptr, nullptr},
        {"generation.record", 1, StepClass::repeatable, record_generation, nullptr, nullptr},
        {"snapshot.settle", 1, StepClass::repeatable, settle_snapshots, nullptr, nullptr},
        {"retention.gc", 1, StepClass::best_effort, collect_garbage, nullptr, nullptr},
    };
    return table;
}

}  // namespace uprev
