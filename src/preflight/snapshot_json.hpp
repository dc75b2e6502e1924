// SPDX-License-Identifier: Apache-2.0
// Snapshots as they stand in the journal and in `uprev snapshot list --json`.
#pragma once

#include "base/json.hpp"
#include "ports/database.hpp"

namespace uprev {

Json to_json(const Snapshot& snapshot);
Snapshot snapshot_from_json(const Json& json);

}  // namespace uprev
