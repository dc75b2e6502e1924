// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "engine/step_kind.hpp"
#include "release/config.hpp"

namespace uprev {

Json to_json(const Pinned& p) {
    return {{"site", to_json(p.site)},
            {"release", to_json(p.release)},
            {"old_release", to_json(p.old_release)},
            {"mark", p.mark},
            {"old_folder", p.old_folder.string()},
            {"folder", p.folder.string()},
            {"staging", p.staging.string()},
            {"artifact", p.artifact.string()},
            {"sha256", p.sha256},
            {"work", p.work.string()},
            {"snapshots", p.snapshots.string()},
            {"target",
             {{"version", p.target.version},
              {"artifact_name", p.target.artifact_name},
              {"sha256", p.target.sha256},
              {"size", p.target.size},
              {"evidence", p.target.evidence},
              {"changelog", p.target.changelog},
              {"breaking", p.target.breaking},
              {"migration_guide", p.target.migration_guide}}}};
}

Result<Pinned> pinned_from_json(const Json& json) {
    try {
        Pinned p;
        p.site = TRY(site_from_json(json.at("site")));
        p.release = TRY(release_from_json(json.at("release")));
        p.old_release = TRY(release_from_json(json.at("old_release")));
        p.mark = json.at("mark");
        p.old_folder = json.at("old_folder").get<std::string>();
        p.folder = json.at("folder").get<std::string>();
        p.staging = json.at("staging").get<std::string>();
        p.artifact = json.at("artifact").get<std::string>();
        p.sha256 = json.at("sha256");
        p.work = json.at("work").get<std::string>();
        p.snapshots = json.at("snapshots").get<std::string>();
        const auto& t = json.at("target");
        p.target = {t.at("version"),  t.at("artifact_name"), t.at("sha256"),   t.at("size"),
                    t.at("evidence"), t.at("changelog"),     t.at("breaking"), t.at("migration_guide")};
        return p;
    } catch (const Json::exception& e) {
        return fail(Code::corrupt, std::string("the journal's pinned configuration cannot be read: ") + e.what(),
                    "this operation was written by another uprev; use that version");
    }
}

}  // namespace uprev
