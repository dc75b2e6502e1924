// SPDX-License-Identifier: Apache-2.0
// Releases side by side in <root>/<releases>/<timestamp>_v<version>, and a symlink <root>/<current> to the active one.
// The pointer is relative, so the whole root may be moved; it changes by one rename, after everything that it leads to is on disk.
// Names that begin with a dot (staging, half-removed ones) are never releases.
#pragma once

#include <memory>

#include "os/filesystem.hpp"
#include "ports/layout.hpp"
#include "release/site_file.hpp"

namespace uprev {

// Both must outlive the layout's use. Everything goes through `fs`; what is made belongs to `site.user`.
std::unique_ptr<Layout> make_beside_layout(const SiteFile& site, os::FileSystem& fs);

// "20261121035500_v1.4.2".
std::string release_folder_name(const std::string& compact_stamp, const Version& version);
// The version in such a name, in its canonical spelling; empty when there is none.
std::string version_of_folder(const std::string& name);

}  // namespace uprev
