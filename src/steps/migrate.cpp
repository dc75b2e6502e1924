// SPDX-License-Identifier: Apache-2.0
// Migrations run once: what became of an interrupted one is read from its shim's record, never guessed.
#include <algorithm>

#include "plan/make_plan.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
Result<const MigrationSpec*> spec_of(const StepContext& c, const PlannedStep& step) {
    const auto name = step.args.value("name", "");
    const auto& all = c.pinned.release.migrations;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& m) { return m.name == name; });
    if (found == all.end()) return fail(Code::bug, "the pinned release has no migration '" + name + "'");
    return &*found;
}
}  // namespace

namespace {
os::Path marks_file(const StepContext& c) { return c.pinned.work / "marks-after-migration.json"; }

// What a migration left behind, failed or not, so that a write by anybody else shows: only where the fence doesn't keep writers out.
Result<> note_marks(StepContext& c, const PlannedStep& step) {
    if (c.plan.writes != Writes::frozen) return {};  // others write all the time
    Json marks = Json::object();
    for (const auto& [name, database] : c.ports.databases)
        if (!database->fence_stands()) marks[name] = TRY(database->inspect()).write_mark;
    if (marks.empty()) return {};
    return c.ports.fs->write(marks_file(c), Json{{"step", step.id}, {"marks", marks}}.dump(), 0600);
}

const PlannedStep* last_migration(const StepContext& c) {
    const PlannedStep* last = nullptr;
    for (const auto& step : c.plan.steps)
        if (step.kind == "migrate.run" && c.status(step.id) != StepStatus::pending) last = &step;
    return last;
}

// The state that uprev's own steps left the databases in: after the last migration that ended, else at the snapshot. Empty: not known.
std::map<std::string, std::string> known_marks(const StepContext& c, const PlannedStep* last) {
    std::map<std::string, std::string> out;
    if (last == nullptr) {
        const auto taken = c.outputs("snapshot.take");
        for (const auto& row : taken.is_object() ? taken.value("snapshots", Json::array()) : Json::array())
            out[row.value("database", "")] = row.value("write_mark", "");
        return out;
    }
    const auto text = c.ports.fs->read(marks_file(c));
    const auto noted = text ? parse_json(*text, "the marks after the migration") : Result<Json>(Json());
    if (!noted || !noted->is_object() || noted->value("step", "") != last->id) return out;
    const auto marks = noted->value("marks", Json::object());
    for (const auto& [name, mark] : marks.items()) out[name] = mark.get<std::string>();
    return out;
}
}  // namespace

std::map<std::string, std::string> marks_left(const StepContext& c) { return known_marks(c, last_migration(c)); }

namespace {
Result<> nobody_wrote_since(StepContext& c, const PlannedStep* last) {
    const auto marks = known_marks(c, last);
    for (const auto& [name, database] : c.ports.databases) {
        if (database->fence_stands() || TRY(database->replaced(c.pinned.mark))) continue;  // or swapped before a crash
        const auto mark = marks.find(name);
        const bool known = mark != marks.end() && !mark->second.empty();
        const auto written = known ? TRY(database->written_since(mark->second)) : Written::unknown;
        if (written != Written::no)
            return fail(Code::needs_operator,
                        "database '" + name + "' may have been written to since the " +
                            (last == nullptr ? "snapshot" : "migration") + ": nothing kept its services down",
                        "going back would lose what was written: see 'uprev status' for the choices; guard commands in the site "
                        "file keep services down through a crash");
    }
    return {};
}

// The one that ended before `step`; null: none did.
const PlannedStep* migration_before(const StepContext& c, const PlannedStep& step) {
    const PlannedStep* last = nullptr;
    for (const auto& one : c.plan.steps) {
        if (one.id == step.id) break;
        if (one.kind == "migrate.run" && c.status(one.id) != StepStatus::pending) last = &one;
    }
    return last;
}
}  // namespace

Result<> nobody_wrote_since_migration(StepContext& c) { return nobody_wrote_since(c, last_migration(c)); }

// For people: one that can't say what it would do keeps nothing from being migrated.
Result<Json> list_pending(StepContext& c, const PlannedStep& step) {
    const auto& spec = *TRY(spec_of(c, step));
    const auto asked = c.command(step, spec.pending, c.pinned.folder);
    if (asked) return Json{{"name", spec.name}, {"pending", asked->tail}};
    if (asked.error().code == Code::interrupted) return asked.error();
    return Json{{"name", spec.name}, {"pending", nullptr}, {"why", asked.error().text()}};
}

Result<Json> migrate(StepContext& c, const PlannedStep& step) {
    const auto& spec = *TRY(spec_of(c, step));
    if (c.plan.writes == Writes::frozen) TRY_VOID(nobody_wrote_since(c, migration_before(c, step)));
    std::map<std::string, std::string> environment;
    std::vector<std::string> secrets;
    if (c.status("database.fence") == StepStatus::done)
        for (const auto& [name, database] : c.ports.databases) {
            if (!spec.database.empty() && spec.database != name) continue;
            auto fence = TRY(database->fence(c.pinned.mark));
            environment.merge(fence.env);
            secrets.insert(secrets.end(), fence.secrets.begin(), fence.secrets.end());
        }
    const auto outcome = c.command(step, spec.command, c.pinned.folder, environment, secrets);
    TRY_VOID(note_marks(c, step));
    if (!outcome) return outcome.error();
    return Json{{"name", spec.name}, {"took_ms", outcome->took.count()}};
}

Result<Observation> observe_migration(StepContext& c, const PlannedStep& step) {
    const auto& spec = *TRY(spec_of(c, step));
    const auto record = TRY(c.ports.processes->settle(c.record(step), false, spec.command.limit + std::chrono::seconds(30)));
    switch (record.state) {
        case os::RecordState::none:
            return Observation::not_done;
        case os::RecordState::running:
            return Observation::running;
        case os::RecordState::interrupted:
            return Observation::unknown;
        case os::RecordState::finished:
            break;
    }
    if (record.outcome.ok()) return Observation::done;
    return fail(Code::failed, "migration '" + spec.name + "' failed while uprev was away: " + record.outcome.describe(),
                "see 'uprev logs " + step.id + "'");
}

Result<Json> check_schema(StepContext& c, const PlannedStep& step) {
    const auto expected = step.args.value("schema", "");
    Json seen = Json::object();
    for (const auto& [name, database] : c.ports.databases) {
        const auto schema = TRY(database->inspect()).schema;
        seen[name] = schema;
        if (!schema.empty() && !reads_schema(c.pinned.release.reads_schema, expected, schema))
            return fail(Code::failed,
                        "database '" + name + "' is at schema " + schema + " after the migrations, but " + c.plan.to +
                            " expects " + expected,
                        "a migration reported success without doing its work: see 'uprev logs migrate.run'");
    }
    return Json{{"schema", seen}};
}

}  // namespace uprev::steps
