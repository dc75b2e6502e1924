// SPDX-License-Identifier: Apache-2.0
// Takes a snapshot of a PostgreSQL database and proves it: dump, counts and schema are read in one exported snapshot, the dump is
// restored into a database of its own, and the two are compared.
#pragma once

#include "adapters/database/pg_server.hpp"
#include "ports/database.hpp"

namespace uprev {

os::Path pg_dump_path(const PgServer& server, const os::Path& folder, const std::string& mark);

// As Database::snapshot. A role that may not create databases gets an unverified snapshot that says so; a dump that doesn't restore
// to the same content is an Error, and leaves no file.
Result<Snapshot> pg_snapshot(const PgServer& server, const os::Path& folder, const std::string& mark, bool keep_copy);

// Whether `copy` holds what `snapshot` recorded: tables, row counts, schema. Code::corrupt names the first differences.
Result<> pg_compare(const PgServer& server, const PgTools& tools, const std::string& copy, const Snapshot& snapshot);

}  // namespace uprev
