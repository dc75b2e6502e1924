// SPDX-License-Identifier: Apache-2.0
// What a SQLite database holds, apart from how its pages lie: the same after a checkpoint, a backup or with a write-ahead log.
#pragma once

#include <string>
#include <vector>

#include "adapters/database/sqlite_connection.hpp"
#include "ports/database.hpp"

namespace uprev {

struct SqliteContent {
    std::vector<TableCount> tables;
    std::string schema_digest;  // of sqlite_schema and the header's version fields
    std::string digest;         // of the schema and every row
};

// Reads every row. REQUIRES: a transaction, or a database that nobody writes.
Result<SqliteContent> sqlite_content(SqliteConnection& connection);

}  // namespace uprev
