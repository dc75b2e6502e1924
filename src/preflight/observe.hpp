// SPDX-License-Identifier: Apache-2.0
// Looks at an installation and writes down what it sees. Changes nothing. What can't be observed becomes a blocking finding, not an error,
// so that all findings are shown at once.
#pragma once

#include "engine/step_kind.hpp"
#include "plan/facts.hpp"

namespace uprev {

struct Observed {
    Facts facts;
    std::vector<Finding> findings;  // of the looking itself: no database, a wrong password, PM2 not running
};

struct Look {
    const SiteFile* site = nullptr;
    const ReleaseFile* release = nullptr;  // the new one's
    const ReleaseFile* old_release = nullptr;
    Ports* ports = nullptr;
    std::string active_version;                         // as the journal knows it; empty: by the folder's name
    std::uint64_t artifact_bytes = 0;                   // still to be fetched
    std::uint64_t unpacked_bytes = 0;                   // 0: not known
    bool stages = true;                                 // false: a rollback needs no room
    const char* goal = "";                              // the placed folder that will serve; empty: it is yet to be placed
    const std::vector<Snapshot>* lays_aside = nullptr;  // a restore: those that are yet to be laid aside
};
Observed observe(const Look& look);

// The version of the active release: the folder's name, else package.json.
std::string version_of_folder(const os::FileSystem& fs, const PlacedRelease& placed);

}  // namespace uprev
