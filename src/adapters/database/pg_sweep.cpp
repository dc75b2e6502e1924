// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_sweep.hpp"

#include "adapters/database/pg_copy.hpp"
#include "adapters/database/pg_names.hpp"

namespace uprev {

Result<> pg_sweep(PgConnection& admin, const std::string& database) {
    const auto rows =
        TRY(admin.query("SELECT datname FROM pg_database WHERE datallowconn AND (left(datname, length($1)) = $1 OR left(datname, "
                        "length($2)) = $2)",
                        {pg_beside_prefix(database, PgWord::proof), pg_beside_prefix(database, PgWord::restored)}));
    for (const auto& row : rows) TRY_VOID(pg_drop(admin, row[0].value_or("")).within("dropping an unfinished copy"));
    return {};
}

}  // namespace uprev
