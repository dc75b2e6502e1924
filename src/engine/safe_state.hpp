// SPDX-License-Identifier: Apache-2.0
// The safest serving state when only an operator can decide: old code if it reads the schema, else new code if its gate held,
// else stopped behind the guard.
#pragma once

#include <string>
#include <vector>

#include "engine/step_kind.hpp"

namespace uprev {

// What was done, or could not be done, one line each. Never fails: this is the last resort. Without `guard` only what runs now is stopped.
std::vector<std::string> enter_safe_state(StepContext& context, bool guard = true);

}  // namespace uprev
