// SPDX-License-Identifier: Apache-2.0
// The dependency installers uprev knows: npm, pnpm, yarn, pip, and `command` for everything else.
// An install is always from the lock file; one that would change the lock file fails instead.
#pragma once

#include <memory>
#include <vector>

#include "ports/dependencies.hpp"

namespace uprev {

// In the order in which lock files are looked for. `command` comes last and has no lock file and no install of its own.
std::vector<std::unique_ptr<Dependencies>> make_dependencies();

}  // namespace uprev
