// SPDX-License-Identifier: Apache-2.0
// A probe as it is asked: ${version}, ${release_dir} and ${root} filled in for the release that should answer.
#pragma once

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "release/site_file.hpp"

namespace uprev {

Result<ProbeSpec> filled(ProbeSpec spec, const SiteFile& site, const os::Path& folder, const std::string& version);

}  // namespace uprev
