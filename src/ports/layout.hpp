// SPDX-License-Identifier: Apache-2.0
// How releases lie on disk and which one is active.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "release/version.hpp"

namespace uprev {

struct PlacedRelease {
    os::Path folder;      // absolute
    std::string version;  // from the folder's name; empty when it has none
    bool active = false;
};

class Layout {
   public:
    virtual ~Layout() = default;
    // Code::not_found: no pointer. Code::invalid: the pointer is a folder, dangles, or leads outside the root.
    virtual Result<PlacedRelease> active() const = 0;
    virtual Result<std::vector<PlacedRelease>> placed() const = 0;  // promoted ones only, sorted by folder name
    // Links every operator-owned path (Site::keep) into `folder`; a release that ships a file there gets it moved to <path>.vendor.
    virtual Result<> link_kept(const os::Path& folder) = 0;
    virtual Result<> promote(const os::Path& staged, const os::Path& final) = 0;  // rename; done already is fine
    virtual Result<> activate(const os::Path& folder) = 0;                        // swap the pointer; already there is fine
    virtual Result<> discard(const os::Path& folder) = 0;                         // refuses the active one
};

}  // namespace uprev
