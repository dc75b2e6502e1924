// SPDX-License-Identifier: Apache-2.0
// PM2 keeps the literal folder and script of the first start for ever. Only paths that lead through the pointer follow a swap;
// anything else keeps the old release running, whatever is reloaded.
#pragma once

#include <string>

#include "adapters/services/pm2_list.hpp"
#include "os/filesystem.hpp"
#include "release/site_file.hpp"

namespace uprev {

class Pm2Paths {
   public:
    explicit Pm2Paths(const SiteFile& site);

    [[nodiscard]] const os::Path& pointer() const { return pointer_; }
    // Neither folder nor script is the installation's: another application under the same name.
    [[nodiscard]] bool foreign(const Pm2Worker& worker) const;
    [[nodiscard]] bool foreign(const os::Path& cwd, const os::Path& script) const;
    // A reload would keep the release that it was started from. Empty: it follows the pointer.
    [[nodiscard]] std::string trap(const Pm2Worker& worker) const;
    // More than a trap: `folder` is where in the release it should run (ServiceSpec::folder; empty: anywhere).
    [[nodiscard]] std::string problem(const Pm2Worker& worker, const std::string& folder) const;
    [[nodiscard]] bool same(const os::Path& a, const os::Path& b) const;
    // Whether a process that runs in `folder` runs `release`; one that left the release folders on its own can't tell.
    [[nodiscard]] bool runs(const os::Path& folder, const os::Path& release) const;
    // The same place through the pointer, when `path` leads into a release folder directly.
    [[nodiscard]] os::Path through_pointer(const os::Path& path) const;

   private:
    [[nodiscard]] bool follows(const os::Path& path) const;
    [[nodiscard]] bool in_releases(const os::Path& path) const;
    os::Path root_, real_root_, pointer_, real_pointer_, releases_, real_releases_;
};

}  // namespace uprev
