// SPDX-License-Identifier: Apache-2.0
// The snapshot set: rehearsed while users are served, taken last thing before migrations, restored when the verdict says so.
#include "engine/verdict.hpp"
#include "journal/journal.hpp"
#include "preflight/snapshot_json.hpp"
#include "preflight/snapshot_sets.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
Json describe(const std::vector<Snapshot>& snapshots) {
    Json out = Json::array();
    for (const auto& s : snapshots) out.push_back(to_json(s));
    return out;
}

std::vector<Snapshot> recorded(const StepContext& c, std::string_view step) {
    std::vector<Snapshot> out;
    const auto outputs = c.outputs(step);
    if (!outputs.is_object()) return out;
    for (const auto& row : outputs.value("snapshots", Json::array())) out.push_back(snapshot_from_json(row));
    return out;
}

Result<> forget(StepContext& c, const std::vector<Snapshot>& snapshots, bool keep_dump) {
    for (const auto& s : snapshots) {
        const auto found = c.ports.databases.find(s.database);
        if (found != c.ports.databases.end()) TRY_VOID(found->second->forget(s, keep_dump));
    }
    return {};
}

Result<std::vector<Snapshot>> take(StepContext& c, const std::string& mark, bool keep_copy) {
    std::vector<Snapshot> out;
    for (const auto& [name, database] : c.ports.databases) {
        c.say("backing up '" + name + "' and proving the restore");
        out.push_back(TRY(database->snapshot(dump_folder(c.pinned.site, c.pinned.snapshots, name, mark), mark, keep_copy)));
    }
    return out;
}

// What was made under `mark`, recorded or not: a crash may have come between the making and the record.
Result<> discard(StepContext& c, const std::string& mark) {
    for (const auto& [name, database] : c.ports.databases) {
        const auto folder = dump_folder(c.pinned.site, c.pinned.snapshots, name, mark);
        TRY_VOID(database->discard(folder, mark));
        TRY_VOID(c.ports.fs->remove_tree(folder));
    }
    return {};
}

Result<> lay_all_aside(StepContext& c, const std::vector<Snapshot>& snapshots, const std::string& mark) {
    for (const auto& s : snapshots) {
        const auto found = c.ports.databases.find(s.database);
        if (found == c.ports.databases.end())
            return fail(Code::invalid, "the site has no database '" + s.database + "'",
                        "the set was taken under another site file");
        c.say("laying '" + s.database + "' aside");
        TRY_VOID(found->second->lay_aside(s, mark));
    }
    return {};
}

// Together or not at all: every database is laid aside and compared before the first one is swapped.
Result<> swap_in(StepContext& c, const std::vector<Snapshot>& snapshots, const std::string& mark) {
    if (snapshots.size() > 1) TRY_VOID(lay_all_aside(c, snapshots, mark));
    for (const auto& s : snapshots) {
        c.say("restoring '" + s.database + "'");
        TRY_VOID(c.ports.databases.at(s.database)->restore(s, mark));
    }
    return {};
}

std::vector<Snapshot> asked_for(const PlannedStep& step) {
    std::vector<Snapshot> out;
    for (const auto& row : step.args.value("snapshots", Json::array())) out.push_back(snapshot_from_json(row));
    return out;
}

std::string rehearsal_mark(const StepContext& c) { return c.pinned.mark + "r"; }

// The rehearsed set still is the database, byte for byte: nothing was written since.
bool still_current(StepContext& c, const std::vector<Snapshot>& rehearsed) {
    if (rehearsed.size() != c.ports.databases.size()) return false;
    for (const auto& s : rehearsed) {
        const auto written = c.ports.databases.at(s.database)->written_since(s.write_mark);
        if (!s.proven || !written || *written != Written::no) return false;
    }
    return true;
}
}  // namespace

Result<Json> rehearse_snapshot(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.fs->make_folders(c.pinned.snapshots, 0700));
    return Json{{"snapshots", describe(TRY(take(c, rehearsal_mark(c), true)))}};
}

// Unless it became the snapshot set itself: then the set is what goes back, or stays.
Result<> forget_rehearsal(StepContext& c, const PlannedStep&) {
    const auto taken = c.outputs("snapshot.take");
    if (taken.is_object() && taken.value("reused", false)) return {};
    return discard(c, rehearsal_mark(c));
}

Result<Json> take_snapshot(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.fs->make_folders(c.pinned.snapshots, 0700));
    const auto rehearsed = recorded(c, "snapshot.rehearse");
    const bool reuse = !rehearsed.empty() && still_current(c, rehearsed);
    // Its space may be what the new one needs.
    if (!reuse && !rehearsed.empty()) TRY_VOID(discard(c, rehearsal_mark(c)));
    const auto snapshots = reuse ? rehearsed : TRY(take(c, c.pinned.mark, c.plan.writes == Writes::frozen));
    for (const auto& s : snapshots)
        if (!s.proven)
            return fail(Code::failed, "the snapshot of '" + s.database + "' could not be proven: " + s.proof,
                        "mend the backup first; nothing was migrated");
    TRY_VOID(c.journal.add_snapshot_set({c.pinned.mark, c.operation, c.plan.from, 0, describe(snapshots)}));
    return Json{{"snapshots", describe(snapshots)}, {"reused", reuse}};
}

Result<> restore_snapshot(StepContext& c, const PlannedStep& step) {
    const auto snapshots = recorded(c, step.id);
    const auto verdict = data_verdict(c.verdict.value("data", ""));
    if (c.outputs(step.id).is_null()) {  // cut off or failed before its result was written down: no migration has run
        TRY_VOID(c.journal.forget_snapshot_set(c.pinned.mark));
        return discard(c, c.pinned.mark);
    }
    if (verdict != DataVerdict::restore && verdict != DataVerdict::restore_if_unwritten) return forget(c, snapshots, true);
    // Once they were opened for the gate, closing them again has looked.
    if (verdict == DataVerdict::restore_if_unwritten && c.status("database.open") == StepStatus::pending)
        TRY_VOID(nobody_wrote_since_migration(c));
    return swap_in(c, snapshots, c.pinned.mark);
}

// The copies bear this operation's own mark: what an earlier one swapped under its mark is no restore of this set.
Result<Json> lay_set_aside(StepContext& c, const PlannedStep& step) {
    TRY_VOID(lay_all_aside(c, asked_for(step), c.own_mark()));
    return Json::object();
}

Result<> drop_laid(StepContext& c, const PlannedStep&) { return discard(c, c.own_mark()); }

Result<Json> restore_set(StepContext& c, const PlannedStep& step) {
    const auto snapshots = asked_for(step);
    Json names = Json::array();
    for (const auto& s : snapshots) names.push_back(s.database);
    TRY_VOID(swap_in(c, snapshots, c.own_mark()));
    return Json{{"restored", names}};
}

}  // namespace uprev::steps
