// SPDX-License-Identifier: Apache-2.0
// Where the files of a snapshot set lie, and how a set goes as a whole: kept copies, dumps, then the record of it.
#pragma once

#include <map>

#include "journal/journal.hpp"
#include "os/filesystem.hpp"
#include "ports/database.hpp"
#include "release/site_file.hpp"

namespace uprev {

// The folder for one database's dump under `mark`: below the folder that the site names for this database, else below `ordinary`.
os::Path dump_folder(const SiteFile& site, const os::Path& ordinary, const std::string& database, const std::string& mark);
// The folders that hold the dumps of a set; each once.
std::vector<os::Path> folders_of(const SnapshotSet& set);
// The set that leads back to generation `goal` with its data: taken before the first migration since. Empty: nothing was migrated, or
// without a set. `generations`: newest first.
std::string set_leading_back(const std::vector<Generation>& generations, std::int64_t goal);
// A database that the site no longer names loses its dump all the same.
Result<> drop_snapshot_set(const std::map<std::string, Database*>& databases, os::FileSystem& fs, Journal& journal,
                           const SnapshotSet& set);

}  // namespace uprev
