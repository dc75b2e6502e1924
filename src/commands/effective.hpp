// SPDX-License-Identifier: Apache-2.0
// The effective configuration in the spelling of the files, so that what `uprev config` prints can be read as a site file again.
// Generated from the table of fields, like the parser.
#pragma once

#include <string>

#include "base/json.hpp"
#include "release/config.hpp"

namespace uprev {

// Every key; optional sections that are absent are left out.
Json effective(const SiteFile& site);
Json effective(const ReleaseFile& release);

Json without_empty(const Json& json);   // drops "", [], {} and what holds nothing else
std::string as_yaml(const Json& json);  // block style, strings quoted where YAML could take them for something else

}  // namespace uprev
