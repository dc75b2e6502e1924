// SPDX-License-Identifier: Apache-2.0
#include "operations/restore.hpp"

#include <algorithm>

#include "operations/run.hpp"
#include "plan/make_plan.hpp"
#include "preflight/observe.hpp"

namespace uprev {

Result<std::optional<Operation>> stopped_operation(Journal& journal) {
    for (const auto& o : TRY(journal.operations(50))) {
        if (o.result == OperationResult::needs_operator) return std::optional(TRY(journal.operation(o.id)));
        if (o.result == OperationResult::succeeded || o.result == OperationResult::degraded || o.result == OperationResult::undone) break;
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
    return fail(Code::not_found, "there is no snapshot set '" + id + "'", known.empty() ? "none was taken yet" : "known: " + known);
}

Result<Generation> generation_of(Journal& journal, const std::string& version) {
    for (auto& g : TRY(journal.generations()))
        if (g.version == version && g.state != GenerationState::failed && g.state != GenerationState::candidate) return std::move(g);
    return fail(Code::not_found, "no good generation of version " + version + ", which the snapshot set belongs to, is on record", "see 'uprev history'");
}

void fill(Prepared& out, Session& session, const std::string& mark, const Session::Active& active, const ReleaseFile& old, const ReleaseFile& release, const std::string& version, const os::Path& folder) {
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
    const auto observed = observe({&session.site(), nullptr, nullptr, &out.adapters->ports, active.version, 0, 0, false});
    out.facts = observed.facts;
    out.findings = observed.findings;
    fill(out, session, stopped ? TRY(pinned_from_json(stopped->pinned)).mark : own_mark, active, old, release, goal.version, goal.folder);
    PlanInput input{&session.site(), &release, &old, &out.facts, out.pinned.target, true};
    out.plan = plan_restore(input, set.snapshots);
    return out;
}

Result<Prepared> prepare_accept(Session& session, Journal& journal) {
    Prepared out;
    const auto stopped = TRY(stopped_operation(journal));
    if (!stopped || stopped->pinned.is_null()) return fail(Code::refused, "no operation waits for a decision", "see 'uprev status'");
    const auto theirs = TRY(pinned_from_json(stopped->pinned));
    out.adapters = TRY(session.adapters({theirs.old_release, theirs.release}));
    const auto active = TRY(session.active(*out.adapters->layout));
    const auto observed = observe({&session.site(), nullptr, nullptr, &out.adapters->ports, active.version, 0, 0, false});
    out.facts = observed.facts;
    out.facts.active_version = stopped->from;
    out.findings = observed.findings;
    out.pinned = theirs;
    PlanInput input{&session.site(), &out.pinned.release, &out.pinned.old_release, &out.facts, out.pinned.target, true};
    out.plan = plan_accept(input);
    return out;
}
}  // namespace

Result<Prepared> prepare_restore(Session& session, const OperationRequest& request, const std::string& mark) {
    auto* journal = TRY(session.journal());
    return request.kind == "accept" ? prepare_accept(session, *journal) : prepare_set(session, request, mark, *journal);
}

}  // namespace uprev
