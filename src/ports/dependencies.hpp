// SPDX-License-Identifier: Apache-2.0
// Dependency installs: which folders need one, and the command that does it.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "release/release_file.hpp"

namespace uprev {

class Dependencies {
   public:
    virtual ~Dependencies() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;       // "npm"
    [[nodiscard]] virtual std::string_view lock_file() const = 0;  // "package-lock.json"
    [[nodiscard]] virtual CommandSpec install() const = 0;         // {"npm","ci",…}
    // Packages that the lock file pins without a hash: reported as unpinned.
    virtual Result<std::vector<std::string>> unpinned(const os::Path& folder) const = 0;
};

}  // namespace uprev
