// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_copy.hpp"

#include "os/identity.hpp"

namespace uprev {

namespace {
constexpr int version_13 = 130'000;
constexpr int version_15 = 150'000;
constexpr int version_17 = 170'000;

std::string locale_columns(int version) {
    if (version >= version_17) return "datlocprovider, datlocale";
    if (version >= version_15) return "datlocprovider, daticulocale";
    return "'c', NULL";
}

// FROM CURRENT stores the value as it is, lists (search_path) included, which a literal would flatten into one element.
Result<> adopt_setting(PgConnection& admin, const std::string& target, const std::string& assignment) {
    const auto equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    const std::string value = assignment.substr(equals + 1);
    TRY_VOID(admin.run("BEGIN"));
    auto set = admin.query("SELECT set_config($1, $2, true)", {key, value});
    // A custom parameter ("app.tenant") is quoted part by part.
    std::string name = pg_name(key);
    if (const auto dot = key.find('.'); dot != std::string::npos)
        name = pg_name(key.substr(0, dot)) + "." + pg_name(key.substr(dot + 1));
    if (set) {
        auto stored = admin.run("ALTER " + target + " SET " + name + " FROM CURRENT");
        if (stored) return admin.run("COMMIT");
    }
    TRY_VOID(admin.run("ROLLBACK"));
    // Some parameters (session_preload_libraries) can't be set inside a session.
    return admin.run("ALTER " + target + " SET " + name + " = " + pg_literal(value));
}

Result<> adopt_all_settings(PgConnection& admin, const std::string& original, const std::string& copy) {
    const auto rows = TRY(
        admin.query("SELECT r.rolname, unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
                    "LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE d.datname = $1",
                    {original}));
    for (const auto& row : rows) {
        const std::string target =
            row[0] ? "ROLE " + pg_name(*row[0]) + " IN DATABASE " + pg_name(copy) : "DATABASE " + pg_name(copy);
        TRY_VOID(adopt_setting(admin, target, row[1].value_or("")).within("setting '" + row[1].value_or("") + "'"));
    }
    return {};
}

Result<> adopt_grants(PgConnection& admin, const std::string& original, const std::string& copy) {
    const std::string ungranted = TRY(admin.value("SELECT datacl IS NULL FROM pg_database WHERE datname = $1", {original}));
    if (ungranted == "t") return {};
    const std::string on = " ON DATABASE " + pg_name(copy);
    TRY_VOID(admin.run("REVOKE ALL" + on + " FROM PUBLIC"));
    const auto rows = TRY(
        admin.query("SELECT a.privilege_type, a.grantee, r.rolname, a.is_grantable FROM pg_database d, aclexplode(d.datacl) a "
                    "LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = $1",
                    {original}));
    for (const auto& row : rows) {
        const std::string grantee = row[1] == "0" ? "PUBLIC" : pg_name(row[2].value_or(""));
        TRY_VOID(admin.run("GRANT " + row[0].value_or("") + on + " TO " + grantee + (row[3] == "t" ? " WITH GRANT OPTION" : "")));
    }
    return {};
}
}  // namespace

Result<bool> pg_exists(PgConnection& admin, const std::string& database) {
    return !TRY(admin.query("SELECT FROM pg_database WHERE datname = $1", {database})).empty();
}

Result<> pg_drop(PgConnection& admin, const std::string& database) {
    if (!TRY(pg_exists(admin, database))) return {};
    if (admin.server_version() >= version_13) return admin.run("DROP DATABASE IF EXISTS " + pg_name(database) + " WITH (FORCE)");
    TRY_VOID(admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", {database}));
    return admin.run("DROP DATABASE IF EXISTS " + pg_name(database));
}

Result<> pg_create_like(PgConnection& admin, const std::string& original, const std::string& copy) {
    TRY_VOID(pg_drop(admin, copy).within("dropping what an earlier run left in '" + copy + "'"));
    const auto rows =
        TRY(admin.query("SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, "
                        // The default one needs no right, unless it is named.
                        "(SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace AND dattablespace <> (SELECT "
                        "dattablespace FROM pg_database WHERE datname = 'template0')), " +
                            locale_columns(admin.server_version()) + " FROM pg_database WHERE datname = $1",
                        {original}));
    if (rows.empty()) return fail(Code::not_found, "database '" + original + "' does not exist");
    const auto text = [&](std::size_t column) { return pg_literal(rows[0][column].value_or("")); };
    std::string sql = "CREATE DATABASE " + pg_name(copy) + " TEMPLATE template0 OWNER " + pg_name(rows[0][0].value_or("")) +
                      " ENCODING " + text(1) + " LC_COLLATE " + text(2) + " LC_CTYPE " + text(3);
    if (rows[0][4]) sql += " TABLESPACE " + pg_name(*rows[0][4]);
    if (rows[0][5] == "i") sql += " LOCALE_PROVIDER icu ICU_LOCALE " + text(6);
    if (rows[0][5] == "b") sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + text(6);
    return admin.run(sql).within("creating '" + copy + "'");
}

Result<> pg_fill(const PgTools& tools, const PgReach& reach, const std::string& copy, DumpFile& dump) {
    const auto self = os::current_user();
    const auto user = TRY(os::find_user(reach.user));
    // The tool reopens the file with its own user's rights; the folder around it stays ours alone.
    if (user.uid != self.uid) TRY_VOID(dump.give(user.uid, user.gid, 0600));
    auto filled = tools.restore(reach, copy, dump.descriptor());
    if (user.uid != self.uid) TRY_VOID(dump.give(self.uid, self.gid, 0600));
    return filled;
}

Result<> pg_adopt_settings(PgConnection& admin, const std::string& original, const std::string& copy) {
    const auto limit = TRY(admin.value("SELECT datconnlimit FROM pg_database WHERE datname = $1", {original}));
    TRY_VOID(admin.run("ALTER DATABASE " + pg_name(copy) + " CONNECTION LIMIT " + limit));
    TRY_VOID(adopt_grants(admin, original, copy));
    TRY_VOID(adopt_all_settings(admin, original, copy));
    const auto comment =
        TRY(admin.query("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", {original}));
    if (comment.empty() || !comment[0][0]) return {};
    return admin.run("COMMENT ON DATABASE " + pg_name(copy) + " IS " + pg_literal(*comment[0][0]));
}

}  // namespace uprev
