// SPDX-License-Identifier: Apache-2.0
// Facts about a PostgreSQL database, gathered without changing anything.
#pragma once

#include "adapters/database/pg_server.hpp"
#include "ports/database.hpp"

namespace uprev {

// Code::invalid: the application's address leads to another database than the site file's.
Result<DatabaseFacts> pg_inspect(const PgServer& server);

}  // namespace uprev
