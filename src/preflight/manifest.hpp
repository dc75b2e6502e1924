// SPDX-License-Identifier: Apache-2.0
// What a release folder held when it was sealed: path, size and modification time of each regular file outside node_modules.
// Compared later to find what was edited by hand. Kept as <manifests>/<folder name>.json.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

Result<std::size_t> write_manifest(os::FileSystem& fs, const os::Path& folder, const os::Path& manifests);  // number of files
// Paths that were changed or removed since, at most `limit`; empty when nothing was, or when the folder was never sealed.
Result<std::vector<std::string>> edited_since(const os::FileSystem& fs, const os::Path& folder, const os::Path& manifests,
                                              std::size_t limit);

}  // namespace uprev
