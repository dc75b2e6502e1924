// SPDX-License-Identifier: Apache-2.0
// SQLite: snapshots by the backup interface and proven by reading the copy back; restored by swapping files, with the -wal, -shm and
// -journal that belong to the old one moved away first. There is nothing to hold a fence by: services are stopped and guarded, and
// fence and restore refuse while any process still has the file open.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "ports/database.hpp"
#include "release/site_file.hpp"

namespace uprev {

// ${root} in the path is the site's root. Code::invalid: no absolute path.
Result<std::unique_ptr<Database>> make_sqlite(const DatabaseSpec& spec, const SiteFile& site, os::FileSystem& files);

}  // namespace uprev
