// SPDX-License-Identifier: Apache-2.0
// One session with a PostgreSQL server, over libpq. Server messages become Errors by SQLSTATE, whatever the server's language;
// they never hold a password. A session sees pg_catalog first and only, is not subject to row security, and has no time-outs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/database/pg_address.hpp"
#include "base/result.hpp"

struct pg_conn;

namespace uprev {

using PgRows = std::vector<std::vector<std::optional<std::string>>>;

std::string pg_name(std::string_view name);     // quoted identifier
std::string pg_literal(std::string_view text);  // quoted literal, for statements that take no parameters

class PgConnection {
   public:
    // `user`: OS user to be while connecting, for peer authentication; empty: as we are.
    static Result<PgConnection> open(const PgAddress& address, const std::string& database, const std::string& user);

    Result<PgRows> query(const std::string& sql, const std::vector<std::string>& parameters = {});
    // The first column of the first row; empty when there is no row or it is NULL.
    Result<std::string> value(const std::string& sql, const std::vector<std::string>& parameters = {});
    // One or more statements; several without BEGIN are one transaction.
    Result<> run(const std::string& sql);
    // Sends statements and returns at once; `finished` polls.
    Result<> start(const std::string& sql);
    Result<bool> finished();

    [[nodiscard]] int server_version() const;  // 150018
    // PG* variables with which the server's own tools reach the same server; holds the password.
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    [[nodiscard]] std::string sqlstate() const { return sqlstate_; }  // of the last error

   private:
    PgConnection(pg_conn* connection, std::vector<std::string> secrets);
    Error error_of(void* result);

    std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
    std::vector<std::string> secrets_;
    std::string sqlstate_;
    std::optional<Error> failure_;  // first one of what `start` sent
};

// Code and next step for a SQLSTATE; used for errors of sessions and of tools.
Code pg_code(std::string_view sqlstate);

}  // namespace uprev
