// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL database holds, in a form that two databases can be compared by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/database/pg_connection.hpp"
#include "ports/database.hpp"

namespace uprev {

// Every table, materialised view and (as pg_catalog.pg_largeobject_metadata) the large objects; tables that belong to an extension and
// foreign tables aren't dumped with their rows and are left out.
Result<std::vector<TableCount>> pg_count_tables(PgConnection& connection);

// Qualified name -> last value ("" before the first use).
Result<std::map<std::string, std::string>> pg_sequences(PgConnection& connection);

// Digest of `pg_dump --schema-only` output: independent of the order of objects, of comments with versions and random lines, and of
// the casts that PostgreSQL adds to an expression when it reads its own output back. Shape: <tool version>/<hex>.
std::string pg_schema_digest(const std::string& schema_sql, const std::string& tool_version);

// Digests by different tool versions can't be compared, and count as equal.
bool same_schema(const std::string& a, const std::string& b);

}  // namespace uprev
