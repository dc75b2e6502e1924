// SPDX-License-Identifier: Apache-2.0
#include "operations/prepare.hpp"

#include <algorithm>

#include "engine/verdict.hpp"
#include "operations/restore_loss.hpp"
#include "plan/make_plan.hpp"
#include "preflight/observe.hpp"
#include "preflight/snapshot_sets.hpp"

namespace uprev {

namespace {
Result<Consent> consent_of(Session& session, const OperationRequest& request) {
    const auto window = TRY(window_state(session.site().windows, session.clock().wall_ms()));
    return Consent{request.allow_breaking,
                   request.reason,
                   request.allow_downgrade,
                   request.accept_edits,
                   request.unattended,
                   window.open,
                   window.next};
}

// The folder name shows the page's timestamp; the mark's first fourteen digits are that timestamp.
os::Path folder_of(const SiteFile& site, const std::string& mark, const std::string& version) {
    return os::Path(site.root) / site.releases / (mark.substr(0, 14) + "_v" + version);
}

Pinned pin(Session& session, const std::string& mark, const Target& target) {
    Pinned p;
    p.site = session.site();
    p.mark = mark;
    p.target = target;
    p.sha256 = target.sha256;
    p.folder = folder_of(p.site, mark, target.version);
    p.staging = os::Path(p.site.root) / p.site.releases / (".staging." + mark);
    p.snapshots = session.state() / "snapshots";
    return p;
}

void look_again(Prepared& out, const Look& look, const PlanInput& input, const Consent& consent) {
    auto observed = observe(look);
    out.facts = std::move(observed.facts);
    PlanInput with = input;
    with.facts = &out.facts;
    out.findings = std::move(observed.findings);
    for (auto& f : judge(with, consent)) out.findings.push_back(std::move(f));
}

// What an earlier run fetched is there: fetching goes on from it, or writes over it.
std::uint64_t still_to_fetch(Session& session, const FeedRelease& release) {
    const auto folder = session.state() / "artifacts" / release.version.text();
    const auto names = session.fs().list(folder);
    std::uint64_t there = 0;
    if (names)
        for (const auto& name : *names)
            if (const auto info = session.fs().info(folder / name); info) there = std::max(there, info->size);
    return release.artifact.size - std::min(there, release.artifact.size);
}

// What can be known before a download: the site itself, consent by the feed's word, plugins against the version.
Result<bool> site_preflight(Session& session, Prepared& out, const FeedRelease& next, const Session::Active& active,
                            const ReleaseFile& old, const Consent& consent, const std::string& breaking_before) {
    ReleaseFile unknown;
    PlanInput input{&session.site(),
                    &unknown,
                    &old,
                    &out.facts,
                    {next.version.text(), "", "", 0, {}, next.changelog, next.breaking, ""},
                    false,
                    false,
                    breaking_before};
    look_again(out,
               {&session.site(), &unknown, &old, &out.adapters->ports, active.version, still_to_fetch(session, next), 0, true},
               input, consent);
    return !blocks(out.findings);
}

// Newer versions that are not chosen by themselves because they failed, or were rolled back, here.
std::string passed_over(Session& session, const Feed& feed, const std::string& current) {
    auto journal = session.journal();
    const auto active = Version::parse(current);
    const auto failed = journal ? (*journal)->failed_versions() : Result<std::vector<FailedVersion>>(journal.error());
    std::string out;
    if (!failed || !active) return out;
    for (const auto& release : feed.releases)
        for (const auto& f : *failed)
            if (f.version == release.version.text() && *active < release.version)
                out += "\n" + f.version + " is passed over (" + f.reason.substr(0, f.reason.find('\n')) +
                       "); to try it again: uprev upgrade --to " + f.version;
    return out;
}

// The guard keeps old code from starting on a new schema when the machine reboots in the middle.
void unguarded(Prepared& out) {
    if (out.plan.writes != Writes::frozen || out.facts.capabilities.guard) return;
    out.findings.push_back(
        {Finding::Severity::warning, "guard.none", "nothing keeps the services from starting at boot while the schema changes",
         "give the service manager a guard (services.guard_on and guard_off), or order the services after uprev-recover@.service",
         Code::refused});
}

Result<VerifiedRelease> obtain(Session& session, const Ports& ports, const FeedRelease& release, const PrepareHooks& hooks) {
    if (hooks.may_skip_artifact)
        if (auto published = TRY(read_published(ports, release))) return std::move(*published);
    hooks.phase("fetching " + release.version.text());
    return acquire(session, ports, release, hooks.fetch);
}
}  // namespace

Result<TargetRequest> target_request(Session& session, const OperationRequest& request, const std::string& current) {
    TargetRequest out;
    out.current = TRY(Version::parse(current).within("reading the installed version"));
    if (!request.to.empty()) out.to = TRY(Version::parse(request.to));
    out.channel = session.site().source.channel;
    out.allow_downgrade = request.allow_downgrade;
    out.unattended = request.unattended;
    out.at_most = request.at_most == "patch" ? Bump::patch : request.at_most == "minor" ? Bump::minor : Bump::major;
    auto journal = session.journal();
    if (journal)
        for (const auto& failed : TRY((*journal)->failed_versions())) out.failed.push_back(failed.version);
    return out;
}

Result<Prepared> prepare_upgrade(Session& session, const OperationRequest& request, const std::string& mark,
                                 const PrepareHooks& hooks) {
    Prepared out;
    const auto bare = TRY(session.adapters({session.site().release}));
    const auto active = TRY(session.active(*bare->layout));
    const auto old = TRY(session.release_in(active.folder));
    out.adapters = TRY(session.adapters({old}));
    const auto consent = TRY(consent_of(session, request));

    hooks.phase("reading the feed");
    const auto feed = TRY(out.adapters->ports.source->list());
    const auto wanted = TRY(target_request(session, request, active.version));
    const auto path = TRY(choose_path(feed, wanted));
    if (path.empty()) {
        out.nothing_to_do = true;
        out.nothing_reason = request.to.empty() ? "no newer version can be deployed; " + active.version + " is installed" +
                                                      passed_over(session, feed, active.version)
                                                : active.version + " is installed already";
        return out;
    }
    for (std::size_t i = 1; i < path.size(); ++i) out.stops.push_back(path[i].version.text());
    hooks.phase("site preflight");
    const auto* passed = breaking_on_the_way(feed, wanted, path.front());
    const auto breaking_before = passed == nullptr ? std::string() : passed->version.text();
    if (!TRY(site_preflight(session, out, path.front(), active, old, consent, breaking_before))) {
        out.plan.kind = "upgrade";
        out.plan.from = active.version;
        out.plan.to = path.front().version.text();
        return out;
    }
    auto verified = TRY(obtain(session, out.adapters->ports, path.front(), hooks));
    hooks.phase("release preflight");
    const auto release = TRY(session.release_from(verified.release_text, verified.target.artifact_name + ":uprev.release.yaml"));
    verified.target.breaking = verified.target.breaking || release.breaking || passed != nullptr;
    verified.target.migration_guide = release.migration_guide;
    if (verified.target.changelog.empty()) verified.target.changelog = release.changelog;

    out.adapters = TRY(session.adapters({old, release}));
    PlanInput input{&session.site(), &release, &old, &out.facts, verified.target, false};
    look_again(out,
               {&session.site(), &release, &old, &out.adapters->ports, active.version,
                verified.artifact.empty() ? verified.target.size : 0, verified.unpacked, true},
               input, consent);
    input.facts = &out.facts;
    out.plan = plan_upgrade(input);
    unguarded(out);
    out.pinned = pin(session, mark, verified.target);
    out.pinned.release = release;
    out.pinned.old_release = old;
    out.pinned.old_folder = active.folder;
    out.pinned.artifact = verified.artifact;
    return out;
}

namespace {
// The generation to go back to: the one named, else the newest good one that isn't active and that nobody went back from. A degraded
// one only by name, until it is acknowledged.
Result<Generation> choose_generation(const os::FileSystem& fs, const std::vector<Generation>& generations, const std::string& to,
                                     const Session::Active& active, const std::vector<FailedVersion>& failed) {
    std::string gone;
    for (const auto& g : generations) {
        const bool named = !to.empty() && (g.version == to || std::to_string(g.number) == to);
        const bool left = std::any_of(failed.begin(), failed.end(), [&](const auto& f) { return f.version == g.version; });
        const bool good = g.state == GenerationState::good || g.state == GenerationState::superseded ||
                          (named && g.state == GenerationState::degraded);
        if (!good || g.folder == active.folder.string()) continue;
        if (to.empty() ? left : !named) continue;
        if (TRY(fs.info(g.folder)).type == os::FileType::folder) return g;
        gone = g.version;
    }
    if (!to.empty() && !gone.empty())
        return fail(Code::not_found, "the release folder of " + gone + " is gone: retention dropped it",
                    "upgrade to it again: uprev upgrade --to " + gone + " --allow-downgrade");
    std::string known;
    for (const auto& g : generations) known += (known.empty() ? "" : ", ") + g.version;
    return fail(
        Code::not_found,
        to.empty() ? "there is no earlier good release to go back to" : "no good generation of version " + to + " is on record",
        "on record: " + known + " (see 'uprev history')");
}

// The way back that takes the data along: the set taken before the first migration since `goal`, by its exact command and its price.
Result<std::string> way_back(const Journal& journal, const std::vector<Generation>& generations, const Generation& goal,
                             const Ports& ports) {
    const auto id = set_leading_back(generations, goal.number);
    for (const auto& set : TRY(journal.snapshot_sets())) {
        if (id.empty() || set.id != id) continue;
        const auto loss = restore_loss(ports.databases, set);
        return "uprev snapshot restore " + id + " --yes: it goes back to " + set.version + " with the data of then; " +
               (loss ? loss_in_short(*loss) : "what it would lose can't be told: " + loss.error().text());
    }
    return std::string("no snapshot set from before the migrations is kept, so only a backup of your own leads back");
}

Finding fact(std::string id, std::string message, std::string hint = {}) {
    return {Finding::Severity::note, std::move(id), std::move(message), std::move(hint), Code::refused};
}

// Whether `goal` may be started on `name` as it is: because it says so, or because it served on just this schema when it was good.
Finding schema_finding(const std::string& name, const DatabaseFacts& facts, const ReleaseFile& release, const Generation& goal,
                       bool migrated, const std::string& way) {
    const auto id = "schema." + name;
    const auto known = reads(release, facts.schema);
    if (known == Reads::yes)
        return fact(id, goal.version + " declares that it reads schema " + facts.schema + " of '" + name + "'");
    const auto then = goal.details.value("schemas", Json::object()).value(name, "");
    const bool same = !then.empty() && then == facts.schema;
    const bool nothing_known = known == Reads::unknown && (then.empty() || facts.schema.empty());
    if (known == Reads::unknown && same)
        return fact(id, goal.version + " served on schema " + facts.schema + " of '" + name + "' when it was good");
    if (known == Reads::unknown && nothing_known && !migrated)
        return fact(id, "nothing states the schema of '" + name + "', and no migration ran since " + goal.version + " was good");
    return {Finding::Severity::blocker, id,
            goal.version + " is not known to read the schema of '" + name + "' (" +
                (facts.schema.empty() ? "unknown" : facts.schema) + ")",
            "a rollback does not take migrations back; to go back with the data: " + way, Code::refused};
}

std::vector<std::string> migrations_since(const std::vector<Generation>& generations, const Generation& goal) {
    std::vector<std::string> out;
    for (const auto& g : generations) {  // newest first
        if (g.number <= goal.number) break;
        for (const auto& name : g.details.value("migrations", Json::array()))
            out.push_back(g.version + ": " + name.get<std::string>());
    }
    return out;
}

// What a rollback leaves as it is, and how to go back with the data instead.
Result<std::vector<Finding>> rollback_facts(const Journal& journal, const std::vector<Generation>& generations,
                                            const Generation& goal, const ReleaseFile& release, const Prepared& prepared) {
    const auto ran = migrations_since(generations, goal);
    const auto way = TRY(way_back(journal, generations, goal, prepared.adapters->ports));
    std::vector<Finding> out;
    out.reserve(ran.size() + prepared.facts.databases.size() + 2);
    for (const auto& name : ran) out.push_back(fact("migrations", "migration ran since: " + name, "it is not taken back"));
    if (ran.empty()) out.push_back(fact("migrations", "no migration ran since " + goal.version));
    for (const auto& [name, facts] : prepared.facts.databases)
        out.push_back(schema_finding(name, facts, release, goal, !ran.empty(), way));
    if (!ran.empty() && !blocks(out)) out.push_back(fact("way_back", "to go back with the data instead: " + way));
    return out;
}

}  // namespace

Result<Prepared> prepare_rollback(Session& session, const OperationRequest& request, const std::string& mark,
                                  const PrepareHooks& hooks) {
    Prepared out;
    const auto bare = TRY(session.adapters({session.site().release}));
    const auto active = TRY(session.active(*bare->layout));
    auto* journal = TRY(session.journal());
    const auto generations = TRY(journal->generations());
    const auto goal = TRY(choose_generation(session.fs(), generations, request.to, active, TRY(journal->failed_versions())));
    const auto old = TRY(session.release_in(active.folder));
    const auto release = TRY(session.release_in(goal.folder));
    out.adapters = TRY(session.adapters({old, release}));
    Target target{goal.version, os::Path(goal.folder).filename().string(), "", 0, {}, "", false, ""};
    PlanInput input{&session.site(), &release, &old, &out.facts, target, true};
    look_again(out, {&session.site(), &release, &old, &out.adapters->ports, active.version, 0, 0, false, goal.folder.c_str()},
               input, TRY(consent_of(session, request)));
    // Unhealthy or errored services, and edits in what is left behind, are usual reasons for a rollback, not obstacles to it.
    std::erase_if(out.findings, [](const auto& f) { return f.id.starts_with("service.") || f.id == "release.edited"; });
    if (TRY(session.fs().info(goal.folder)).type != os::FileType::folder)
        out.findings.push_back({Finding::Severity::blocker, "release.folder", "the release folder " + goal.folder + " is gone",
                                "upgrade to that version again with --allow-downgrade", Code::not_found});
    const auto facts = TRY(rollback_facts(*journal, generations, goal, release, out));
    out.findings.insert(out.findings.end(), facts.begin(), facts.end());
    if (!blocks(out.findings))
        for (const auto& f : facts) hooks.phase(f.message);  // to whoever watches, before anything is done
    input.facts = &out.facts;
    out.plan = plan_rollback(input);
    out.pinned = pin(session, mark, target);
    out.pinned.release = release;
    out.pinned.old_release = old;
    out.pinned.old_folder = active.folder;
    out.pinned.folder = goal.folder;
    return out;
}

}  // namespace uprev
