// SPDX-License-Identifier: Apache-2.0
// What was observed about an installation before planning. Values only; observing is in preflight/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "ports/database.hpp"
#include "ports/services.hpp"
#include "release/release_file.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct DiskNeed {
    std::string what;  // "artifact", "release folder", "database 'shop': snapshot"
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t needed = 0;  // bytes
};

struct DiskFact {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t free = 0;  // bytes
};

struct Plugin {
    std::string name;
    std::string version;
    std::string min;  // empty: not stated
    std::string max;
    std::string manifest;  // path
    std::string problem;   // unreadable manifest; empty: none
};

struct Facts {
    std::string active_version;
    std::string active_folder;
    std::string active_edited;  // what was changed by hand in the active release folder; empty: nothing
    std::string goal_edited;    // the same of the placed release that a rollback goes to
    std::map<std::string, DatabaseFacts> databases;
    ServiceCapabilities capabilities;
    std::vector<ServiceState> services;
    std::vector<std::string> environment_keys;    // in the env file, sorted
    bool environment_known = false;               // there is an env file
    std::map<std::string, std::string> runtimes;  // name -> version text; empty: not installed
    std::vector<Plugin> plugins;
    std::vector<DiskNeed> needs;
    std::vector<DiskFact> disks;
    std::map<std::string, std::string> unhealthy;  // service -> what its probe saw before anything was done
};

struct Target {
    std::string version;
    std::string artifact_name;
    std::string sha256;      // of the verified artifact
    std::uint64_t size = 0;  // bytes
    std::vector<std::string> evidence;
    std::string changelog;
    bool breaking = false;
    std::string migration_guide;
};

struct PlanInput {
    const SiteFile* site = nullptr;
    const ReleaseFile* release = nullptr;      // the new one's, effective
    const ReleaseFile* old_release = nullptr;  // the active one's, effective
    const Facts* facts = nullptr;
    Target target;
    bool folder_exists = false;        // rollback: the release is already on disk, nothing to stage or build
    bool waits = false;                // restore: an operation waits for a decision; going back leaves all as that one left it
    std::string breaking_before = {};  // version of a breaking release that the way leads past; empty: none is known
};

}  // namespace uprev
