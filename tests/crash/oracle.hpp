// SPDX-License-Identifier: Apache-2.0
// Whether a machine is in order, judged from the world alone: it shares no code with uprev.
#pragma once

#include <string>
#include <vector>

#include "crash/world.hpp"

namespace uprev::sim {

// What is wrong, one line each; empty when all is well. `stopped`: uprev said that an operator must decide. `copies_may_stay`: a database
// that is away keeps its proven copy, which goes with its snapshot set.
std::vector<std::string> violations(const World& world, bool stopped, bool copies_may_stay);
std::string fingerprint(const World& world);  // of everything that recovery may not change a second time

}  // namespace uprev::sim
