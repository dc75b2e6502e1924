// SPDX-License-Identifier: Apache-2.0
// The generation is good once its gate held; then what is no longer kept goes.
#include <algorithm>

#include "engine/patience.hpp"
#include "journal/journal.hpp"
#include "preflight/plugins.hpp"
#include "preflight/retention.hpp"
#include "preflight/snapshot_json.hpp"
#include "preflight/snapshot_sets.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
Json migrations_run(const StepContext& c) {
    Json out = Json::array();
    // What is accepted was migrated by the operation that stopped.
    if (c.plan.kind == "accept")
        for (const auto& m : c.pinned.release.migrations) out.push_back(m.name);
    for (const auto& step : c.plan.steps)
        if (step.kind == "migrate.run" && c.status(step.id) == StepStatus::done) out.push_back(step.args.value("name", ""));
    return out;
}

Result<> remove(StepContext& c, const RetentionItem& item) {
    if (item.what == "release") return c.ports.layout->discard(item.path);
    if (item.what == "staging") return item.path == c.pinned.staging.string() ? Result<>() : c.ports.fs->remove_tree(item.path);
    for (const auto& set : TRY(c.journal.snapshot_sets()))
        if (set.id == item.path) TRY_VOID(drop_snapshot_set(c.ports.databases, *c.ports.fs, c.journal, set));
    return {};
}
}  // namespace

Result<Json> record_generation(StepContext& c, const PlannedStep&) {
    const auto generations = TRY(c.journal.generations());
    const auto mine =
        std::find_if(generations.begin(), generations.end(), [&](const auto& g) { return g.operation == c.operation; });
    if (mine != generations.end()) return Json{{"generation", mine->number}};
    Generation g;
    g.version = c.plan.to;
    g.folder = c.pinned.folder.string();
    g.operation = c.operation;
    g.state = GenerationState::good;
    g.plugins = plugin_set(*c.ports.fs, c.pinned.site, c.pinned.folder);
    Json schemas = Json::object();
    for (const auto& [name, database] : c.ports.databases)
        if (const auto facts = database->inspect()) schemas[name] = facts->schema;
    g.details = {{"migrations", migrations_run(c)},
                 {"schemas", schemas},
                 {"snapshot_set", c.outputs("snapshot.take").is_object() ? c.pinned.mark : ""},
                 {"evidence", c.pinned.target.evidence},
                 {"pinned", to_json(c.pinned)}};
    const auto number = TRY(c.journal.add_generation(g));
    TRY_VOID(c.journal.clear_failed(c.plan.to));
    return Json{{"generation", number}};
}

// The proven copies have served; their dumps stay. Never fails: users are served already, and what can't be dropped now goes with its set.
Result<Json> settle_snapshots(StepContext& c, const PlannedStep&) {
    Json left = Json::array();
    const auto outputs = c.outputs("snapshot.take");
    for (const auto& row : outputs.is_object() ? outputs.value("snapshots", Json::array()) : Json::array()) {
        const auto snapshot = snapshot_from_json(row);
        const auto found = c.ports.databases.find(snapshot.database);
        const auto drop = [&] { return found == c.ports.databases.end() ? Result<>() : found->second->forget(snapshot, true); };
        const auto dropped = patiently(*c.ports.clock, c.pinned.site.undo_limit, drop, [](const Error&) {});
        if (!dropped)
            left.push_back({{"database", snapshot.database}, {"copy", snapshot.restored}, {"why", dropped.error().text()}});
    }
    return Json{{"left", left}};
}

Result<Json> collect_garbage(StepContext& c, const PlannedStep&) {
    RetentionInput in{c.ports.layout,
                      c.ports.fs,
                      c.ports.in_use,
                      os::Path(c.pinned.site.root) / c.pinned.site.releases,
                      c.pinned.snapshots,
                      c.pinned.site.retention,
                      c.ports.manifests,
                      {},
                      c.plan.kind == "rollback" || c.plan.kind == "restore" ? c.plan.from : ""};
    Json removed = Json::array();
    for (const auto& item : TRY(judge_retention(in, c.journal))) {
        if (item.keep) continue;
        TRY_VOID(remove(c, item));
        removed.push_back(item.path);
    }
    return Json{{"removed", removed}};
}

}  // namespace uprev::steps
