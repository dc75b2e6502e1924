// SPDX-License-Identifier: Apache-2.0
// Installed plugins and the platform range that each declares in its manifest.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "plan/facts.hpp"
#include "release/version.hpp"

namespace uprev {

// One row per folder below PluginRangeSpec::folder (relative to `release_folder`, or absolute) that holds a manifest.
Result<std::vector<Plugin>> read_plugins(const os::FileSystem& fs, const PluginRangeSpec& spec, const os::Path& release_folder);
Json plugin_set(const os::FileSystem& fs, const SiteFile& site, const os::Path& release_folder);  // {name: version}; empty when none

// Why a plugin does not fit `platform`; empty when it does. "needs carphacom >= 1.6.0".
std::string plugin_conflict(const Plugin& plugin, const Version& platform);

}  // namespace uprev
