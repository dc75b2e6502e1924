// SPDX-License-Identifier: Apache-2.0
// A vendor's own command names: called as `carphacom-upgrade`, uprev runs what the site file's alias says.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace uprev {

// "carphacom-upgrade --to 1.4.2" -> "uprev --site F upgrade --to 1.4.2". Names that start with "uprev" are left alone.
Result<std::vector<std::string>> expand_alias(const std::vector<std::string>& called);

}  // namespace uprev
