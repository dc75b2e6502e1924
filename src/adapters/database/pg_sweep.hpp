// SPDX-License-Identifier: Apache-2.0
// Drops the copies of a database that an unfinished snapshot or restore left. A copy that was kept on purpose accepts no connections,
// an unfinished one still does; and there is one operation at a time, so an unfinished one is nobody's.
#pragma once

#include <string>

#include "adapters/database/pg_connection.hpp"

namespace uprev {

// REQUIRES: no snapshot or restore of `database` is under way.
Result<> pg_sweep(PgConnection& admin, const std::string& database);

}  // namespace uprev
