// SPDX-License-Identifier: Apache-2.0
// After needs_operator: each way out, as a command, with what it keeps and what it loses. By what is there now, not by what was planned:
// a release that is known not to read the schema, or whose folder is gone, is never offered.
#pragma once

#include "engine/step_kind.hpp"
#include "journal/journal.hpp"

namespace uprev {

// Rows {command, keeps, loses}.
Json choices(const Pinned& pinned, const Plan& plan, const Ports& ports, const Journal& journal);

}  // namespace uprev
