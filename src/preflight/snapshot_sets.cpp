// SPDX-License-Identifier: Apache-2.0
#include "preflight/snapshot_sets.hpp"

#include <algorithm>

#include "preflight/snapshot_json.hpp"

namespace uprev {

os::Path dump_folder(const SiteFile& site, const os::Path& ordinary, const std::string& database, const std::string& mark) {
    const auto spec =
        std::find_if(site.databases.begin(), site.databases.end(), [&](const auto& d) { return d.name == database; });
    const bool named = spec != site.databases.end() && !spec->snapshots.empty();
    return (named ? os::Path(spec->snapshots) : ordinary) / mark;
}

std::vector<os::Path> folders_of(const SnapshotSet& set) {
    std::vector<os::Path> out;
    for (const auto& row : set.snapshots) {
        const auto folder = snapshot_from_json(row).path.parent_path();
        if (!folder.empty() && std::find(out.begin(), out.end(), folder) == out.end()) out.push_back(folder);
    }
    return out;
}

std::string set_leading_back(const std::vector<Generation>& generations, std::int64_t goal) {
    std::string id;
    for (const auto& g : generations) {
        if (g.number <= goal) break;
        if (!g.details.is_object()) continue;
        if (!g.details.value("migrations", Json::array()).empty()) id = g.details.value("snapshot_set", "");
    }
    return id;
}

Result<> drop_snapshot_set(const std::map<std::string, Database*>& databases, os::FileSystem& fs, Journal& journal,
                           const SnapshotSet& set) {
    for (const auto& row : set.snapshots) {
        const auto snapshot = snapshot_from_json(row);
        const auto found = databases.find(snapshot.database);
        if (found != databases.end())
            TRY_VOID(found->second->forget(snapshot, false).within("forgetting the snapshot of '" + snapshot.database + "'"));
    }
    for (const auto& folder : folders_of(set)) TRY_VOID(fs.remove_tree(folder));
    return journal.forget_snapshot_set(set.id);
}

}  // namespace uprev
