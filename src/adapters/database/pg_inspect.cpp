// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_inspect.hpp"

#include <cstdlib>

#include "adapters/database/pg_census.hpp"
#include "os/linux.hpp"

namespace uprev {

namespace {
constexpr os::Milliseconds counting_budget{2'000};

bool local(const PgConnection& connection) {
    const auto environment = connection.environment();
    const auto it = environment.find("PGHOST");
    if (it == environment.end()) return true;
    const std::string& host = it->second;
    return host.starts_with('/') || host.starts_with('@') || host == "localhost" || host.starts_with("127.") || host == "::1";
}

bool is_folder(const os::Path& path) {
    std::error_code ignored;
    return !path.empty() && std::filesystem::is_directory(path, ignored);
}

// Where the database's files are, for the disk check; empty on another machine or in a container that we don't see.
os::Path disk_of(PgConnection& connection, const std::string& database) {
    if (!local(connection)) return {};
    const auto space =
        connection.value("SELECT pg_tablespace_location(dattablespace) FROM pg_database WHERE datname = $1", {database});
    if (space && is_folder(*space)) return *space;
    // Only superusers may ask; but a backend's working folder is the data folder.
    const auto stated = connection.value("SELECT current_setting('data_directory')");
    if (stated && is_folder(*stated)) return *stated;
    const auto pid = connection.value("SELECT pg_backend_pid()");
    if (!pid) return {};
    const auto folder = os::make_filesystem()->read_link("/proc/" + *pid + "/cwd");
    return folder && is_folder(*folder) && is_folder(*folder / "base") ? *folder : os::Path();
}

Result<> same_database(const PgServer& server, PgConnection& connection) {
    if (!server.application() || server.spec().url.empty()) return {};
    const auto& address = server.application()->address;
    const std::string hint = "correct postgresql.url in the site file, or " + address.origin;
    if (address.database != server.database())
        return fail(Code::invalid,
                    address.origin + " leads to database '" + address.database + "', but database '" + server.name() + "' is '" +
                        server.database() + "'",
                    hint);
    auto theirs = TRY(server.open_as_application(address.database).within("trying the application's own address"));
    constexpr const char* identity =
        "SELECT oid::text || ' ' || extract(epoch FROM pg_postmaster_start_time())::text FROM pg_database WHERE datname = "
        "current_database()";
    if (TRY(theirs.value(identity)) != TRY(connection.value(identity)) || pg_cluster(theirs) != pg_cluster(connection))
        return fail(Code::invalid, address.origin + " (" + address.shown + ") leads to another server than " + server.own().shown,
                    hint);
    return {};
}
}  // namespace

Result<DatabaseFacts> pg_inspect(const PgServer& server) {
    auto admin = TRY(server.admin());
    const auto live = TRY(server.locate(admin));
    auto connection = TRY(server.open(live.name));
    // Its ordinary address is meant not to work while it is fenced.
    if (!live.fenced) TRY_VOID(same_database(server, connection));
    DatabaseFacts facts;
    facts.server = "PostgreSQL " + TRY(connection.value("SELECT split_part(current_setting('server_version'), ' ', 1)"));
    facts.address = server.own().shown;
    facts.bytes = std::strtoull(TRY(connection.value("SELECT pg_database_size(current_database())")).c_str(), nullptr, 10);
    facts.disk = disk_of(connection, live.name);
    const auto sessions =
        TRY(connection.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                             "pg_backend_pid() AND backend_type = 'client backend'"));
    facts.sessions = static_cast<std::uint32_t>(std::strtoul(sessions.c_str(), nullptr, 10));
    TRY_VOID(connection.run("BEGIN READ ONLY"));
    facts.schema = TRY(server.schema_version(connection));
    TRY_VOID(connection.run("COMMIT"));
    facts.write_mark = TRY(pg_mark(connection, counting_budget));
    return facts;
}

}  // namespace uprev
