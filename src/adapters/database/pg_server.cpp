// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_server.hpp"

#include "adapters/database/pg_names.hpp"
#include "os/clock.hpp"
#include "os/secrets.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {
constexpr os::Milliseconds claim_limit{30'000};
constexpr os::Milliseconds claim_pause{50};
constexpr const char* end_holder =
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid() AND "
    "granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid::bigint << 32 | objid::bigint) "
    "= $1::bigint";

// Advisory locks are numbers that all programs share; 60 bits of a digest meet nobody else's.
std::string claim_key(const std::string& database) {
    return std::to_string(std::stoull(sha256("uprev " + database).hex.substr(0, 15), nullptr, 16));
}

std::string env_file_of(const SiteFile& site) {
    if (!site.env_file.empty()) return site.env_file;
    return (site.shared.empty() ? site.root + "/shared" : site.shared) + "/.env";
}

// What the application's own address is: the site's `environment` wins over its env file, as it does for commands.
Result<std::optional<PgAddress>> application_address(const std::string& key, const SiteFile& site) {
    if (key.empty()) return std::optional<PgAddress>{};
    if (const auto it = site.environment.find(key); it != site.environment.end()) {
        const auto revealed = TRY(os::reveal(it->second));
        return std::optional(TRY(parse_pg_address(revealed.value, key + " in the site file's environment")));
    }
    const std::string file = env_file_of(site);
    const auto values = os::read_env_file(file);
    if (!values && values.error().code == Code::not_found && site.env_file.empty()) return std::optional<PgAddress>{};
    if (!values) return values.error();
    const auto it = values->find(key);
    if (it == values->end()) return std::optional<PgAddress>{};
    return std::optional(TRY(parse_pg_address(it->second, key + " in '" + file + "'")));
}

Result<PgAddress> own_address(const DatabaseSpec& spec, const std::optional<PgAddress>& application, const SiteFile& site) {
    if (!spec.postgresql.url.empty()) {
        const auto revealed = TRY(os::reveal(spec.postgresql.url));
        const std::string from = revealed.secret ? "'" + spec.postgresql.url + "'" : "postgresql.url";
        auto address = TRY(parse_pg_address(revealed.value, from + " of database '" + spec.name + "'"));
        return address;
    }
    if (application) return *application;
    return fail(Code::invalid,
                "database '" + spec.name + "' has no address: '" + env_file_of(site) + "' has no " + spec.postgresql.url_env,
                "set postgresql.url, or postgresql.url_env to the key that holds it");
}
}  // namespace

Result<PgServer> PgServer::of(const DatabaseSpec& spec, const SiteFile& site) {
    auto application = TRY(application_address(spec.postgresql.url_env, site));
    PgServer server(spec, TRY(own_address(spec, application, site)));
    if (application) server.application_ = PgApplication{*std::move(application), site.user};
    return server;
}

Result<PgConnection> PgServer::open(const std::string& database) const { return PgConnection::open(own_, database, spec_.as); }

Result<PgConnection> PgServer::admin() const {
    const char* usual = database() == "postgres" ? "template1" : "postgres";
    auto connection = open(usual);
    if (connection || (connection.error().code != Code::not_found && connection.error().code != Code::permission))
        return connection;
    // A wrong password stays one in any database; a server without "postgres", or that keeps us out of it, has template1.
    auto other = open("template1");
    return other ? std::move(other) : std::move(connection);
}

Result<PgConnection> PgServer::claim() const {
    auto connection = TRY(admin());
    const std::string key = claim_key(database());
    os::SystemClock clock;
    const auto deadline = clock.steady() + claim_limit;
    while (TRY(connection.value("SELECT pg_try_advisory_lock($1::bigint)", {key})) != "t") {
        if (clock.steady() > deadline)
            return fail(Code::conflict, "another uprev is at work on database '" + database() + "'",
                        "wait until it has ended, then run the same command again");
        // Installations have a lock of their own, so whoever holds this one is a session that a killed uprev left.
        (void)connection.query(end_holder, {key}).has_value();
        clock.sleep(claim_pause);
    }
    return connection;
}

PgOpen PgServer::opener() const {
    return [this] { return admin(); };
}

Result<PgConnection> PgServer::open_as_application(const std::string& database) const {
    return PgConnection::open(application_->address, database, application_->user);
}

Result<PgLocated> PgServer::locate(PgConnection& admin) const {
    const auto rows = TRY(admin.query(
        "SELECT datname FROM pg_database WHERE datname = $1 OR left(datname, length($2)) = $2 ORDER BY datname <> $1, datname",
        {database(), pg_beside_prefix(database(), PgWord::fenced)}));
    if (rows.empty())
        return fail(Code::not_found, "database '" + database() + "' does not exist (" + own_.origin + ")",
                    "create it, or correct its name in the address");
    const std::string& first = *rows[0][0];
    if (rows.size() > 1)
        return fail(Code::conflict,
                    "both '" + first + "' and '" + *rows[1][0] + "' exist: one was created while the other was fenced",
                    "look into both, then drop or rename the one that is not the application's");
    return PgLocated{first, first != database()};
}

PgReach PgServer::reach(const PgConnection& connection) const { return {connection.environment(), spec_.as, own_.secrets}; }

Result<PgTools> PgServer::tools(const PgConnection& connection) const {
    return PgTools::find(spec_.bin, connection.server_version(), reach(connection));
}

Result<std::string> PgServer::schema_version(PgConnection& connection) const {
    if (spec_.schema_query.empty()) return std::string();
    TRY_VOID(connection.run("SAVEPOINT schema_version; SET LOCAL search_path TO DEFAULT"));
    auto found = connection.query(spec_.schema_query);
    const bool absent = !found && connection.sqlstate() == "42P01";  // before the first migration
    TRY_VOID(connection.run("ROLLBACK TO SAVEPOINT schema_version"));
    if (absent) return std::string();
    if (!found) return Error(found.error()).within("schema_query of database '" + name_ + "'");
    if (found->empty()) return std::string();
    if (found->size() != 1 || (*found)[0].size() != 1)
        return fail(Code::invalid, "schema_query of database '" + name_ + "' must give one row with one column");
    return (*found)[0][0].value_or("");
}

}  // namespace uprev
