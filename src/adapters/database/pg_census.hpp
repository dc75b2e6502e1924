// SPDX-License-Identifier: Apache-2.0
// Whether anything was written to a PostgreSQL database since a mark: shown by the database itself, whatever happened elsewhere in the
// cluster (other databases, uprev's own renames and copies).
//
// A mark is a transaction snapshot S and the row counts of every table, catalogs included. If no transaction was under way at S, a row
// that is visible later and was not made by a transaction since S was visible at S. If there are as many of them as at S, none has gone
// either: the table holds the same row versions. A mark without counts only proves something while no transaction id was used at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/database/pg_connection.hpp"
#include "os/clock.hpp"
#include "ports/database.hpp"

namespace uprev {

struct PgCensus {
    std::vector<TableCount> tables;  // those whose rows a dump holds: no catalogs, no tables of extensions, no foreign tables
    std::string mark;
};

// REQUIRES: a fresh REPEATABLE READ transaction, in which the census is then taken.
Result<PgCensus> pg_census(PgConnection& connection);
// For a quick look: counts for about `budget` at most, else the mark goes without. Runs in a transaction of its own.
Result<std::string> pg_mark(PgConnection& connection, os::Milliseconds budget);
// Runs in a transaction of its own. Anything that can't be decided is `unknown`.
Result<Written> pg_written_since(PgConnection& connection, const std::string& mark);

// Which cluster this is; empty where the server doesn't tell.
std::string pg_cluster(PgConnection& connection);

}  // namespace uprev
