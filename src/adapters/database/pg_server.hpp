// SPDX-License-Identifier: Apache-2.0
// One installation's database on its server: how uprev reaches it, how the application does, and under which name it is just now.
#pragma once

#include <optional>
#include <string>

#include "adapters/database/pg_address.hpp"
#include "adapters/database/pg_connection.hpp"
#include "adapters/database/pg_rename.hpp"
#include "adapters/database/pg_tools.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct PgLocated {
    std::string name;     // the database is reachable under this name now
    bool fenced = false;  // … which is not its ordinary one
};

struct PgApplication {
    PgAddress address;
    std::string user;  // OS user that the application and its migrations run as
};

class PgServer {
   public:
    // Code::invalid: no address is to be had.
    static Result<PgServer> of(const DatabaseSpec& spec, const SiteFile& site);

    [[nodiscard]] const std::string& name() const { return name_; }              // in the site file
    [[nodiscard]] const std::string& database() const { return own_.database; }  // its ordinary name
    [[nodiscard]] const PgAddress& own() const { return own_; }
    [[nodiscard]] const PostgresSpec& spec() const { return spec_; }
    [[nodiscard]] const std::optional<PgApplication>& application() const {
        return application_;
    }  // nothing: no url_env to be found

    Result<PgConnection> open(const std::string& database) const;
    Result<PgConnection> admin() const;  // a session with a database that is never renamed
    // The same for a verb that changes something. A statement of a uprev that was killed may still be at work on the server and would
    // take effect after we looked: it is ended first, and nobody else's can begin while this session lives.
    Result<PgConnection> claim() const;
    [[nodiscard]] PgOpen opener() const;
    Result<PgConnection> open_as_application(const std::string& database) const;  // REQUIRES: application()
    // Code::not_found: neither the ordinary nor a fenced name. Code::conflict: more than one.
    Result<PgLocated> locate(PgConnection& admin) const;
    [[nodiscard]] PgReach reach(const PgConnection& connection) const;
    Result<PgTools> tools(const PgConnection& connection) const;
    // By the site's query, inside a transaction of `connection`; empty when there is no query, no table or no row.
    Result<std::string> schema_version(PgConnection& connection) const;

   private:
    PgServer(const DatabaseSpec& spec, PgAddress own) : name_(spec.name), spec_(spec.postgresql), own_(std::move(own)) {}
    std::string name_;
    PostgresSpec spec_;
    PgAddress own_;
    std::optional<PgApplication> application_;
};

}  // namespace uprev
