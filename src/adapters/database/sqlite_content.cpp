// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/sqlite_content.hpp"

#include "release/digest.hpp"

namespace uprev {

namespace {
// Virtual tables keep their rows in ordinary ones, which are listed too; reading them may need a module that we lack.
constexpr const char* stored_tables =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND upper(coalesce(sql, '')) NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";

Result<std::string> schema_text(SqliteConnection& connection) {
    std::string out;
    for (const auto* field : {"user_version", "application_id", "encoding"})
        out += TRY(connection.value(std::string("PRAGMA ") + field)) + "\n";
    TRY_VOID(connection.each("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name, tbl_name",
                             [&](const SqliteRow& row) {
                                 for (int column = 0; column < row.columns(); ++column) row.append_to(out, column);
                             }));
    return out;
}

// Rows come in the order of the table's own key: the scan walks the tree that holds them.
Result<std::uint64_t> hash_table(SqliteConnection& connection, const std::string& table, Sha256& hash) {
    std::uint64_t rows = 0;
    std::string bytes;
    TRY_VOID(connection.each("SELECT * FROM main." + sqlite_name(table) + " NOT INDEXED", [&](const SqliteRow& row) {
        bytes.clear();
        for (int column = 0; column < row.columns(); ++column) row.append_to(bytes, column);
        hash.update(bytes);
        ++rows;
    }));
    return rows;
}
}  // namespace

Result<SqliteContent> sqlite_content(SqliteConnection& connection) {
    SqliteContent content;
    const auto schema = TRY(schema_text(connection));
    content.schema_digest = sha256(schema).hex;
    std::vector<std::string> names;
    TRY_VOID(connection.each(stored_tables, [&](const SqliteRow& row) { names.push_back(row.text(0)); }));
    Sha256 hash;
    hash.update(schema);
    for (const auto& name : names) {
        hash.update(name + "\n");
        const auto rows = TRY(hash_table(connection, name, hash).within("reading table '" + name + "'"));
        content.tables.push_back({name, rows});
    }
    content.digest = hash.finish().hex;
    return content;
}

}  // namespace uprev
