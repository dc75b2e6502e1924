// SPDX-License-Identifier: Apache-2.0
#include "preflight/retention.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>
#include "preflight/snapshot_sets.hpp"

namespace uprev {

namespace {
constexpr auto needs_decision = "an operation that needs a decision may need it";

// What generations say about the release folders that are there and not active: each once, newest first.
struct Known {
    std::vector<std::string> all;
    std::vector<std::string> good;       // the first one is where a rollback goes
    std::vector<std::string> unsettled;  // degraded: nobody has acknowledged them yet
    std::vector<std::string> left;       // good once, but marked failed since: a rollback passes them over
};

Known know(const RetentionInput& in, const std::vector<Generation>& generations, const std::vector<PlacedRelease>& placed,
           const std::vector<FailedVersion>& failed) {
    Known out;
    for (const auto& g : generations) {
        out.all.push_back(g.folder);
        const bool counts =
            std::any_of(placed.begin(), placed.end(), [&](const auto& p) { return !p.active && p.folder.string() == g.folder; });
        const bool good = g.state == GenerationState::good || g.state == GenerationState::superseded;
        if (!counts || (!good && g.state != GenerationState::degraded)) continue;
        const bool left = g.version == in.leaving ||
                          std::any_of(failed.begin(), failed.end(), [&](const auto& f) { return f.version == g.version; });
        auto& rows = !good ? out.unsettled : left ? out.left : out.good;
        if (std::find(rows.begin(), rows.end(), g.folder) == rows.end()) rows.push_back(g.folder);
    }
    return out;
}

std::size_t rank_of(const std::vector<std::string>& folders, const std::string& folder) {
    return static_cast<std::size_t>(std::find(folders.begin(), folders.end(), folder) - folders.begin());
}

// Somebody else's folders are theirs, old releases from before uprev among them.
bool placed_by_uprev(const RetentionInput& in, const PlacedRelease& release, const Known& known) {
    if (in.manifests.empty() || rank_of(known.all, release.folder.string()) < known.all.size()) return true;
    const auto manifest = in.fs->info(in.manifests / (release.folder.filename().string() + ".json"));
    return manifest && manifest->type == os::FileType::regular;
}

RetentionItem judge(const RetentionInput& in, const PlacedRelease& release, const Known& known) {
    RetentionItem item{"release", release.folder.string(), true, ""};
    if (release.active) return item.reason = "active", item;
    if (std::find(in.open.releases.begin(), in.open.releases.end(), release.folder) != in.open.releases.end())
        return item.reason = needs_decision, item;
    const auto most = std::max<std::size_t>(1, in.keep.releases);
    const auto rank = rank_of(known.good, item.path);
    const bool good = rank < known.good.size();
    if (good && rank < most) {
        item.reason = rank == 0 ? "last good" : "one of the " + std::to_string(in.keep.releases) + " kept";
        return item;
    }
    // They take no good one's place, and wait for a decision as long as good ones would.
    const auto unsettled = rank_of(known.unsettled, item.path);
    if (!good && unsettled < known.unsettled.size() && unsettled < most)
        return item.reason = "degraded, and not acknowledged yet", item;
    const auto left = rank_of(known.left, item.path);
    if (left < known.left.size() && left < most) return item.reason = "rolled back from, or failed since", item;
    if (!placed_by_uprev(in, release, known)) return item.reason = "not placed by uprev", item;
    const auto users = in.in_use ? in.in_use(release.folder) : std::vector<int>{};
    if (!users.empty()) return item.reason = "in use by pid " + std::to_string(users.front()), item;
    item.keep = false;
    const bool served = good || unsettled < known.unsettled.size() || left < known.left.size();
    item.reason = served ? "older than the " + std::to_string(in.keep.releases) + " kept" : "never became good";
    return item;
}

bool proven(const SnapshotSet& set) {
    const auto is = [](const Json& row) { return row.value("proven", false); };
    return !set.snapshots.empty() && std::all_of(set.snapshots.begin(), set.snapshots.end(), is);
}

// Set ids, each with the version of a kept release that it leads back to.
std::map<std::string, std::string> ways_back(const std::vector<Generation>& generations, const std::vector<RetentionItem>& kept,
                                             const Known& known) {
    std::map<std::string, std::string> out;
    std::set<std::string> seen;
    for (const auto& g : generations) {  // newest first: a release that served twice is gone back to as it was the last time
        const bool goal =
            rank_of(known.good, g.folder) < known.good.size() || rank_of(known.unsettled, g.folder) < known.unsettled.size();
        const bool served = g.state != GenerationState::failed && g.state != GenerationState::candidate;
        const bool stays = std::any_of(kept.begin(), kept.end(), [&](const auto& i) { return i.keep && i.path == g.folder; });
        if (!goal || !served || !stays || !seen.insert(g.folder).second) continue;
        if (const auto id = set_leading_back(generations, g.number); !id.empty()) out.emplace(id, g.version);
    }
    return out;
}

// The newest ones, the newest that was proven to restore, since only that one is a backup, and those that belong to a kept release:
// sets that somebody takes every night would push them out.
void judge_sets(const RetentionInput& in, const std::vector<SnapshotSet>& sets, const std::map<std::string, std::string>& ways,
                std::vector<RetentionItem>& out) {
    const std::size_t most = std::max<std::uint32_t>(1, in.keep.snapshots);
    const auto last_proven = static_cast<std::size_t>(std::find_if(sets.begin(), sets.end(), proven) - sets.begin());
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const auto way = ways.find(sets[i].id);
        const auto reason = sets[i].id == in.open.set ? needs_decision
                            : i < most                ? "one of the newest"
                            : i == last_proven        ? "the last that is proven to restore"
                            : way != ways.end()       ? "leads back to " + way->second
                                                      : std::string();
        const bool keep = !reason.empty();
        out.push_back(
            {"snapshot set", sets[i].id, keep, keep ? reason : "older than the " + std::to_string(in.keep.snapshots) + " kept"});
    }
}

Result<> judge_staging(const RetentionInput& in, std::vector<RetentionItem>& out) {
    const auto names = in.fs->list(in.releases);
    if (!names && names.error().code == Code::not_found) return {};
    if (!names) return names.error();
    for (const auto& name : *names) {
        if (!name.starts_with(".staging.")) continue;
        const auto folder = in.releases / name;
        const auto users = in.in_use ? in.in_use(folder) : std::vector<int>{};
        out.push_back({"staging", folder.string(), !users.empty(),
                       users.empty() ? "left by a dead operation" : "in use by pid " + std::to_string(users.front())});
    }
    return {};
}
}  // namespace

Result<std::vector<RetentionItem>> judge_retention(const RetentionInput& in, const Journal& journal) {
    std::vector<RetentionItem> out;
    const auto placed = TRY(in.layout->placed());
    const auto generations = TRY(journal.generations());
    const auto known = know(in, generations, placed, TRY(journal.failed_versions()));
    for (const auto& release : placed) out.push_back(judge(in, release, known));
    const auto ways = ways_back(generations, out, known);
    judge_sets(in, TRY(journal.snapshot_sets()), ways, out);
    TRY_VOID(judge_staging(in, out));
    return out;
}

}  // namespace uprev
