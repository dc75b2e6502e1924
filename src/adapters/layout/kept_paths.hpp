// SPDX-License-Identifier: Apache-2.0
// Operator-owned paths (`.env`, `uploads/`) live in the shared folder; each release gets a relative symlink in their place.
// Running it again changes nothing. A path on the way that is a symlink is refused: it could lead out of the release.
#pragma once

#include <string>
#include <vector>

#include "os/filesystem.hpp"

namespace uprev {

struct KeptPaths {
    std::vector<std::string> paths;  // relative to the release; one that ends in '/' is a folder that may be made in `shared`
    os::Path shared;                 // absolute
    os::Owner owner;
};

// Code::invalid: a path that is absolute, empty or contains "..". Code::not_found: it does not exist in `shared` and is no folder.
Result<> link_kept_paths(const KeptPaths& kept, const os::Path& release, os::FileSystem& fs);

}  // namespace uprev
