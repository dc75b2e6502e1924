// SPDX-License-Identifier: Apache-2.0
// Keeps other writers out of a PostgreSQL database by renaming it: only who is told the new name (the migration) finds it.
// The new name is the whole record: after a crash, whether and for whom a database is fenced is read from the server.
#pragma once

#include "adapters/database/pg_server.hpp"
#include "ports/database.hpp"

namespace uprev {

Result<Fence> pg_fence(const PgServer& server, const std::string& mark);
Result<> pg_unfence(const PgServer& server, const std::string& mark);

}  // namespace uprev
