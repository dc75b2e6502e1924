// SPDX-License-Identifier: Apache-2.0
#include "preflight/snapshot_json.hpp"

#include <nlohmann/json.hpp>

namespace uprev {

Json to_json(const Snapshot& s) {
    Json tables = Json::object();
    for (const auto& t : s.tables) tables[t.table] = t.rows;
    return {{"database", s.database},     {"path", s.path.string()}, {"bytes", s.bytes}, {"sha256", s.sha256},
            {"write_mark", s.write_mark}, {"schema", s.schema},      {"tables", tables}, {"schema_digest", s.schema_digest},
            {"taken_ms", s.taken_ms},     {"proven", s.proven},      {"proof", s.proof}, {"restored", s.restored}};
}

Snapshot snapshot_from_json(const Json& json) {
    Snapshot s;
    s.database = json.value("database", "");
    s.path = json.value("path", "");
    s.bytes = json.value("bytes", std::uint64_t{0});
    s.sha256 = json.value("sha256", "");
    s.write_mark = json.value("write_mark", "");
    s.schema = json.value("schema", "");
    const auto tables = json.value("tables", Json::object());
    for (const auto& [table, rows] : tables.items()) s.tables.push_back({table, rows.get<std::uint64_t>()});
    s.schema_digest = json.value("schema_digest", "");
    s.taken_ms = json.value("taken_ms", std::int64_t{0});
    s.proven = json.value("proven", false);
    s.proof = json.value("proof", "");
    s.restored = json.value("restored", "");
    return s;
}

}  // namespace uprev
