// SPDX-License-Identifier: Apache-2.0
#include "preflight/retention.hpp"

#include <algorithm>
#include <set>

namespace uprev {

namespace {
// Folders of the newest good generations, newest first, each once.
std::vector<std::string> good_folders(const std::vector<Generation>& generations) {
    std::vector<std::string> out;
    for (const auto& g : generations) {
        const bool good = g.state == GenerationState::good || g.state == GenerationState::degraded || g.state == GenerationState::superseded;
        if (good && std::find(out.begin(), out.end(), g.folder) == out.end()) out.push_back(g.folder);
    }
    return out;
}

RetentionItem judge(const RetentionInput& in, const PlacedRelease& release, const std::vector<std::string>& good) {
    RetentionItem item{"release", release.folder.string(), true, ""};
    if (release.active) return item.reason = "active", item;
    const auto place = std::find(good.begin(), good.end(), item.path);
    const auto rank = static_cast<std::size_t>(place - good.begin());
    // Rank 0 is the active one or, after a failure, the last good one.
    if (place != good.end() && rank <= std::max<std::size_t>(1, in.keep.releases)) {
        item.reason = rank <= 1 ? "last good" : "one of the " + std::to_string(in.keep.releases) + " kept";
        return item;
    }
    const auto users = in.in_use ? in.in_use(release.folder) : std::vector<int>{};
    if (!users.empty()) return item.reason = "in use by pid " + std::to_string(users.front()), item;
    item.keep = false;
    item.reason = place == good.end() ? "never became good" : "older than the " + std::to_string(in.keep.releases) + " kept";
    return item;
}
}  // namespace

Result<std::vector<RetentionItem>> judge_retention(const RetentionInput& in, const Journal& journal) {
    std::vector<RetentionItem> out;
    const auto generations = TRY(journal.generations());
    const auto good = good_folders(generations);
    std::set<std::string> kept_operations;
    for (const auto& release : TRY(in.layout->placed())) {
        out.push_back(judge(in, release, good));
        for (const auto& g : generations)
            if (out.back().keep && g.folder == out.back().path) kept_operations.insert(g.operation);
    }
    std::size_t kept = 0;
    for (const auto& set : TRY(journal.snapshot_sets())) {
        const bool keep = kept < std::max<std::uint32_t>(1, in.keep.snapshots);
        kept += keep ? 1 : 0;
        out.push_back({"snapshot set", set.id, keep, keep ? "one of the newest" : "older than the " + std::to_string(in.keep.snapshots) + " kept"});
    }
    auto names = in.fs->list(in.releases);
    if (!names) return out;
    for (const auto& name : *names)
        if (name.starts_with(".staging.")) out.push_back({"staging", (in.releases / name).string(), false, "left by a dead operation"});
    return out;
}

}  // namespace uprev
