// SPDX-License-Identifier: Apache-2.0
// What going back to a snapshot set would lose, in facts: rows now against rows then, table by table.
#pragma once

#include <map>

#include "base/json.hpp"
#include "journal/journal.hpp"
#include "ports/database.hpp"

namespace uprev {

// One object per database: {database, proven, written_since: no|yes|unknown, tables: [{table, now, snapshot, change, exists_in_snapshot}]};
// tables only where counts differ.
Result<Json> restore_loss(const std::map<std::string, Database*>& databases, const SnapshotSet& set);
bool loses_nothing(const Json& loss);         // every database shows that nothing was written
std::string loss_in_short(const Json& loss);  // half a sentence

}  // namespace uprev
