// SPDX-License-Identifier: Apache-2.0
// Where a PostgreSQL database is: a URL (as frameworks write it, parameters of other drivers included) or libpq's key=value form.
// Holds a password; `shown` is the only member that may be printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev {

struct PgAddress {
    std::string text;      // as it was written
    std::string origin;    // where it was written, for errors: "DATABASE_URL in '/opt/shop/shared/.env'"
    std::string conninfo;  // what libpq understands of it
    std::string database;
    std::string shown;                 // "postgresql://shop@127.0.0.1:5432/shop"
    std::vector<std::string> secrets;  // password, as written and decoded

    // The same address with another database; everything else is kept, parameters of other drivers included.
    [[nodiscard]] std::string with_database(std::string_view name) const;
};

// Errors never quote `text`.
Result<PgAddress> parse_pg_address(std::string_view text, std::string_view origin);

}  // namespace uprev
