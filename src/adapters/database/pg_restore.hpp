// SPDX-License-Identifier: Apache-2.0
// Puts a snapshot back: a copy is made and compared beside the live database, then both are renamed in one transaction.
// Until that transaction the live database is untouched; afterwards it is kept as <name>_failed_<mark>.
#pragma once

#include "adapters/database/pg_server.hpp"
#include "ports/database.hpp"

namespace uprev {

// The copy beside, made and compared; it stays until the restore swaps it in or it is discarded.
Result<> pg_lay_aside(const PgServer& server, const Snapshot& snapshot, const std::string& mark);
Result<> pg_restore_snapshot(const PgServer& server, const Snapshot& snapshot, const std::string& mark);

// Restores the dump beside the live database, compares it with what was recorded, and drops the copy.
Result<> pg_verify_snapshot(const PgServer& server, const Snapshot& snapshot, const std::string& mark);

// Drops the copy that the snapshot's proof kept, never a database whose name isn't that of such a copy; and what unfinished calls left.
Result<> pg_forget_copy(const PgServer& server, const Snapshot& snapshot);
Result<> pg_discard_copy(const PgServer& server, const std::string& mark);  // as Database::discard, but for the dump

// As Database::replaced and drop_replaced.
Result<std::optional<ReplacedDatabase>> pg_replaced(const PgServer& server, const std::string& mark);
Result<> pg_drop_replaced(const PgServer& server, const std::string& mark);

}  // namespace uprev
