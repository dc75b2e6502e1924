// SPDX-License-Identifier: Apache-2.0
#include "operations/restore.hpp"

#include <algorithm>

#include "engine/verdict.hpp"
#include "operations/run.hpp"
#include "plan/make_plan.hpp"
#include "preflight/observe.hpp"
#include "preflight/snapshot_json.hpp"

namespace uprev {

Result<std::optional<Operation>> stopped_operation(Journal& journal) {
    for (const auto& o : TRY(journal.operations(50))) {
        // A way out that failed is not what waits: `old` and `new` are those of the operation that it was a way out of.
        if (o.kind == "accept" && o.result == OperationResult::needs_operator) continue;
        if (o.result == OperationResult::needs_operator) return std::optional(TRY(journal.operation(o.id)));
        // A way out that was tried and taken back leaves things as they were.
        if (o.kind == "restore" || o.kind == "accept") {
            if (o.result != OperationResult::succeeded && o.result != OperationResult::degraded) continue;
        }
        if (o.result == OperationResult::succeeded || o.result == OperationResult::degraded ||
            o.result == OperationResult::undone)
            break;
    }
    return std::optional<Operation>();
}

namespace {
Result<SnapshotSet> find_set(Journal& journal, const std::string& id) {
    std::string known;
    for (auto& set : TRY(journal.snapshot_sets())) {
        if (set.id == id) return std::move(set);
        known += (known.empty() ? "" : ", ") + set.id;
    }
    return fail(Code::not_found, "there is no snapshot set '" + id + "'",
                known.empty() ? "none was taken yet" : "known: " + known);
}

Result<Generation> generation_of(Journal& journal, const std::string& version) {
    for (auto& g : TRY(journal.generations()))
        if (g.version == version && g.state != GenerationState::failed && g.state != GenerationState::candidate)
            return std::move(g);
    return fail(Code::not_found, "no good generation of version " + version + ", which the snapshot set belongs to, is on record",
                "see 'uprev history'");
}

// The snapshots of which no proven copy stands by. Copies are kept only until the operation that took them has ended well.
std::vector<Snapshot> without_copy(const SnapshotSet& set, const std::optional<Operation>& stopped) {
    const bool kept = stopped && stopped->id == set.operation;
    std::vector<Snapshot> out;
    for (const auto& row : set.snapshots)
        if (auto s = snapshot_from_json(row); !kept || !s.proven || s.restored.empty()) out.push_back(std::move(s));
    return out;
}

// A release that can't read what it would find is not started, whoever asks.
void must_read(Prepared& out, const ReleaseFile& release, const std::string& version, const std::string& database,
               const std::string& schema) {
    if (reads(release, schema) != Reads::no) return;
    out.findings.push_back({Finding::Severity::blocker, "schema." + database,
                            version + " is not known to read schema " + schema + " of database '" + database + "'",
                            "choose another way: see 'uprev status'", Code::refused});
}

void fill(Prepared& out, Session& session, const std::string& mark, const Session::Active& active, const ReleaseFile& old,
          const ReleaseFile& release, const std::string& version, const os::Path& folder) {
    out.pinned.site = session.site();
    out.pinned.mark = mark;
    out.pinned.old_release = old;
    out.pinned.release = release;
    out.pinned.old_folder = active.folder;
    out.pinned.folder = folder;
    out.pinned.snapshots = session.state() / "snapshots";
    out.pinned.target = {version, folder.filename().string(), "", 0, {}, "", false, ""};
}

Result<Prepared> prepare_set(Session& session, const OperationRequest& request, const std::string& own_mark, Journal& journal) {
    Prepared out;
    const auto set = TRY(find_set(journal, request.to));
    const auto goal = TRY(generation_of(journal, set.version));
    const auto stopped = TRY(stopped_operation(journal));
    const auto bare = TRY(session.adapters({session.site().release}));
    const auto active = TRY(session.active(*bare->layout));
    const auto old = TRY(session.release_in(active.folder));
    const auto release = TRY(session.release_in(goal.folder));
    out.adapters = TRY(session.adapters({old, release}));
    const auto uncopied = without_copy(set, stopped);
    Look look;
    look.site = &session.site();
    look.ports = &out.adapters->ports;
    look.active_version = active.version;
    look.stages = false;
    look.lays_aside = &uncopied;
    auto observed = observe(look);
    out.facts = std::move(observed.facts);
    out.findings = std::move(observed.findings);
    for (auto& f : judge_disks(out.facts)) out.findings.push_back(std::move(f));
    if (TRY(session.fs().info(goal.folder)).type != os::FileType::folder)
        out.findings.push_back(
            {Finding::Severity::blocker, "release.folder",
             "the release folder " + goal.folder + " of " + goal.version + ", which the set belongs to, is gone",
             "the dumps can still be restored by hand: see 'uprev snapshot list --json' for the files", Code::not_found});
    for (const auto& row : set.snapshots) {
        const auto snapshot = snapshot_from_json(row);
        must_read(out, release, goal.version, snapshot.database, snapshot.schema);
    }
    fill(out, session, stopped ? TRY(pinned_from_json(stopped->pinned)).mark : own_mark, active, old, release, goal.version,
         goal.folder);
    PlanInput input{&session.site(), &release, &old, &out.facts, out.pinned.target, true, stopped.has_value()};
    out.plan = plan_restore(input, set.snapshots);
    return out;
}

// The release that the stopped operation came from, as if it were the one to go to.
Pinned turned_round(Pinned p, const std::string& from) {
    std::swap(p.release, p.old_release);
    std::swap(p.folder, p.old_folder);
    p.target = {from, p.folder.filename().string(), "", 0, {}, "", false, ""};
    return p;
}

Result<Prepared> prepare_accept(Session& session, Journal& journal, bool keep_old) {
    Prepared out;
    const auto stopped = TRY(stopped_operation(journal));
    if (!stopped || stopped->pinned.is_null())
        return fail(Code::refused, "no operation waits for a decision", "see 'uprev status'");
    auto theirs = TRY(pinned_from_json(stopped->pinned));
    if (keep_old) theirs = turned_round(std::move(theirs), stopped->from);
    out.adapters = TRY(session.adapters(theirs.site, {theirs.old_release, theirs.release}));
    const auto active = TRY(session.active(*out.adapters->layout));
    const auto observed = observe({&session.site(), nullptr, nullptr, &out.adapters->ports, active.version, 0, 0, false});
    out.facts = observed.facts;
    out.facts.active_version = keep_old ? stopped->to : stopped->from;
    out.findings = observed.findings;
    out.pinned = theirs;
    for (const auto& [name, facts] : out.facts.databases)
        must_read(out, theirs.release, theirs.target.version, name, facts.schema);
    if (TRY(session.fs().info(theirs.folder)).type != os::FileType::folder)
        out.findings.push_back({Finding::Severity::blocker, "release.folder",
                                "the release folder " + theirs.folder.string() + " is gone",
                                "choose another way: see 'uprev status'", Code::not_found});
    PlanInput input{&session.site(), &out.pinned.release, &out.pinned.old_release, &out.facts, out.pinned.target, true};
    out.plan = plan_accept(input);
    return out;
}
}  // namespace

Result<Prepared> prepare_restore(Session& session, const OperationRequest& request, const std::string& mark) {
    auto* journal = TRY(session.journal());
    return request.kind == "accept" ? prepare_accept(session, *journal, request.to == "old")
                                    : prepare_set(session, request, mark, *journal);
}

}  // namespace uprev
