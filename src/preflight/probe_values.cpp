// SPDX-License-Identifier: Apache-2.0
#include "preflight/probe_values.hpp"

#include "release/config.hpp"

namespace uprev {

Result<ProbeSpec> filled(ProbeSpec spec, const SiteFile& site, const os::Path& folder, const std::string& version) {
    const std::map<std::string, std::string> names{{"version", version}, {"release_dir", folder.string()}, {"root", site.root}};
    spec.url = TRY(interpolate(spec.url, names));
    spec.contains = TRY(interpolate(spec.contains, names));
    for (auto& [pointer, value] : spec.json) value = TRY(interpolate(value, names));
    return spec;
}

}  // namespace uprev
