// SPDX-License-Identifier: Apache-2.0
// What lock files leave unpinned: packages from outside the release that are named without a hash of their content.
// Each answers "name@version" (as the lock file spells it), sorted, without repeats. `what` names the file in errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev {

Result<std::vector<std::string>> unpinned_npm(std::string_view text,
                                              std::string_view what);  // package-lock.json, versions 1 to 3
Result<std::vector<std::string>> unpinned_pnpm(std::string_view text, std::string_view what);  // pnpm-lock.yaml
Result<std::vector<std::string>> unpinned_yarn(std::string_view text, std::string_view what);  // yarn.lock, classic and berry
Result<std::vector<std::string>> unpinned_pip(std::string_view text, std::string_view what);   // requirements.txt with --hash

}  // namespace uprev
