// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_content.hpp"

#include <cstdlib>

namespace uprev {

namespace {
constexpr const char* list_tables =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
    "AND (c.relkind = 'r' OR c.relispopulated) "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') "
    "ORDER BY n.nspname, c.relname";

constexpr const char* list_sequences =
    "SELECT format('%I.%I', s.schemaname, s.sequencename), s.last_value FROM pg_sequences s "
    "JOIN pg_namespace n ON n.nspname = s.schemaname JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename "
    "WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

constexpr const char* large_objects = "pg_catalog.pg_largeobject_metadata";

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }
}  // namespace

Result<std::vector<TableCount>> pg_count_tables(PgConnection& connection) {
    std::vector<TableCount> out;
    for (const auto& row : TRY(connection.query(list_tables))) {
        const std::string& table = *row[0];
        const auto rows = connection.value("SELECT count(*) FROM ONLY " + table);
        if (!rows) return Error(rows.error()).within("counting the rows of " + table);
        out.push_back({table, number(*rows)});
    }
    if (const auto objects = number(TRY(connection.value(std::string("SELECT count(*) FROM ") + large_objects))); objects > 0)
        out.push_back({large_objects, objects});
    return out;
}

Result<std::map<std::string, std::string>> pg_sequences(PgConnection& connection) {
    std::map<std::string, std::string> out;
    for (const auto& row : TRY(connection.query(list_sequences))) out[*row[0]] = row[1].value_or("");
    return out;
}

bool same_schema(const std::string& a, const std::string& b) {
    const auto version = [](const std::string& digest) { return digest.substr(0, digest.find('/')); };
    return version(a) != version(b) || a == b;
}

}  // namespace uprev
