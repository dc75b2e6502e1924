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
Json plugin_set(const os::FileSystem& fs, const SiteFile& site,
                const os::Path& release_folder);  // {name: version}; empty when none

// Why a plugin does not fit `platform`; empty when it does. "needs carphacom >= 1.6.0".
std::string plugin_conflict(const Plugin& plugin, const Version& platform);

// A marketplace's list, {"plugins": [{"name", "version", <min_key>, <max_key>}, …]}: each release of each plugin in a row of its own.
// Code::invalid: it is no such list.
Result<std::vector<Plugin>> parse_plugin_feed(const std::string& text, const PluginRangeSpec& spec);
// The newest offer for `plugin` that is newer than the installed one and fits `platform`; its version, empty when there is none.
std::string plugin_update(const Plugin& plugin, const std::vector<Plugin>& offers, const Version& platform);

}  // namespace uprev
