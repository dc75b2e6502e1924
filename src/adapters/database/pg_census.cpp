// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_census.hpp"

#include <charconv>
#include <utility>

#include "adapters/database/pg_content.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {
constexpr int version_13 = 130'000;
constexpr std::uint64_t xid_space = 1ULL << 32U;
constexpr std::uint64_t first_normal_xid = 3;
constexpr std::int64_t far = 1 << 30;  // half of what fits between two transaction ids
constexpr char separator = ';';
constexpr const char* transaction = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

// Statistics are rewritten by the server itself, and shared catalogs belong to all databases.
constexpr const char* relations =
    "SELECT format('%I.%I', n.nspname, c.relname), CASE WHEN n.nspname = 'pg_catalog' THEN 'catalog' WHEN EXISTS (SELECT FROM "
    "pg_depend d "
    "WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') THEN 'extension' ELSE 'table' END "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND (c.relkind = 'r' OR c.relispopulated) AND NOT c.relisshared "
    "AND n.nspname !~ '^pg_(toast|temp)' AND n.nspname <> 'information_schema' "
    "AND (n.nspname <> 'pg_catalog' OR (c.relname NOT IN ('pg_statistic', 'pg_statistic_ext_data') AND "
    "has_table_privilege(c.oid, 'SELECT'))) "
    "ORDER BY n.nspname, c.relname";

// Large objects can be rewritten without a trace in what an ordinary role may read.
constexpr const char* unreadable_objects =
    "SELECT EXISTS (SELECT FROM pg_largeobject_metadata) AND NOT has_table_privilege('pg_largeobject', 'SELECT')";

constexpr const char* large_objects = "pg_catalog.pg_largeobject_metadata";

std::uint64_t number(const std::string& text) {
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

struct Mark {
    std::string place;     // cluster and database
    std::string snapshot;  // xmin:xmax:under way
    std::string counts;    // digest; empty: not counted
};

std::string text_of(const Mark& mark) { return mark.place + separator + mark.snapshot + separator + mark.counts; }

std::optional<Mark> parse(const std::string& text) {
    const auto first = text.find(separator);
    const auto second = first == std::string::npos ? first : text.find(separator, first + 1);
    if (second == std::string::npos) return std::nullopt;
    return Mark{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

// The next transaction id at the snapshot, or nothing if a transaction was under way (its subtransactions aren't listed).
std::optional<std::uint64_t> clean_edge(const std::string& snapshot) {
    const auto first = snapshot.find(':');
    const auto second = first == std::string::npos ? first : snapshot.find(':', first + 1);
    if (second == std::string::npos || second + 1 != snapshot.size()) return std::nullopt;
    const auto edge = number(snapshot.substr(first + 1, second - first - 1));
    if (edge % xid_space < first_normal_xid) return std::nullopt;
    return edge;
}

Result<Mark> bare_mark(PgConnection& connection) {
    Mark mark;
    mark.snapshot = TRY(connection.value(connection.server_version() >= version_13 ? "SELECT pg_current_snapshot()"
                                                                                   : "SELECT txid_current_snapshot()"));
    mark.place =
        pg_cluster(connection) + "/" + TRY(connection.value("SELECT oid FROM pg_database WHERE datname = current_database()"));
    return mark;
}

// Whether counts taken with `mark` will show every write.
Result<bool> can_be_decided(PgConnection& connection, const Mark& mark) {
    return clean_edge(mark.snapshot).has_value() && TRY(connection.value(unreadable_objects)) == "f";
}

struct Counted {
    std::vector<TableCount> tables;
    std::string digest;
    bool row_since = false;      // a row of the application was made since the edge
    bool catalog_since = false;  // an object was
};

// `since`: rows no older than that many transactions are looked for; negative: they aren't.
Result<Counted> count_all(PgConnection& connection, std::int64_t since, std::optional<os::Milliseconds> until) {
    const std::string recent = since < 0 ? "0" : "count(*) FILTER (WHERE age(xmin) <= " + std::to_string(since) + ")";
    Counted counted;
    Sha256 hash;
    for (const auto& relation : TRY(connection.query(relations))) {
        const auto& name = relation[0].value_or("");
        const auto& kind = relation[1].value_or("");
        if (until && os::SystemClock().steady() > *until) return fail(Code::timeout, "counting rows takes too long");
        const auto rows = connection.query("SELECT count(*), " + recent + " FROM ONLY " + name);
        if (!rows) return Error(rows.error()).within("counting the rows of " + name);
        const auto count = (*rows)[0][0].value_or("0");
        hash.update(name + " " + count + "\n");
        if ((*rows)[0][1] != "0") (kind == "catalog" ? counted.catalog_since : counted.row_since) = true;
        if (kind == "table" || (name == large_objects && count != "0")) counted.tables.push_back({name, number(count)});
    }
    for (const auto& [name, value] : TRY(pg_sequences(connection))) hash.update(name + " " + value + "\n");
    counted.digest = hash.finish().hex;
    return counted;
}

Result<Written> compared(PgConnection& connection, const Mark& before, const Mark& now) {
    if (before.snapshot == now.snapshot) return Written::no;
    const auto edge = clean_edge(before.snapshot);
    if (!edge || before.counts.empty()) return Written::unknown;
    const auto next = number(now.snapshot.substr(now.snapshot.find(':') + 1));
    if (next < *edge || next - *edge > static_cast<std::uint64_t>(far)) return Written::unknown;
    const auto age = TRY(connection.value("SELECT age('" + std::to_string(*edge % xid_space) + "'::xid)"));
    const auto counted = TRY(count_all(connection, static_cast<std::int64_t>(number(age)), {}));
    if (counted.row_since) return Written::yes;
    return counted.catalog_since || counted.digest != before.counts ? Written::unknown : Written::no;
}
}  // namespace

std::string pg_cluster(PgConnection& connection) {
    // Asked first, since a refused call would end the transaction that we may be in.
    if (connection.value("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')").value_or("f") != "t") return {};
    return connection.value("SELECT system_identifier FROM pg_control_system()").value_or(std::string());
}

Result<PgCensus> pg_census(PgConnection& connection) {
    Mark mark = TRY(bare_mark(connection));
    auto counted = TRY(count_all(connection, -1, {}));
    if (TRY(can_be_decided(connection, mark))) mark.counts = std::move(counted.digest);
    return PgCensus{std::move(counted.tables), text_of(mark)};
}

Result<std::string> pg_mark(PgConnection& connection, os::Milliseconds budget) {
    TRY_VOID(connection.run(transaction));
    Mark mark = TRY(bare_mark(connection));
    const std::string limit = std::to_string(budget.count());
    TRY_VOID(connection.run("SET LOCAL statement_timeout = " + limit + "; SET LOCAL lock_timeout = " + limit));
    const auto counted = count_all(connection, -1, os::SystemClock().steady() + budget);
    const auto decidable = counted ? can_be_decided(connection, mark) : Result<bool>(false);
    if (decidable && *decidable) mark.counts = counted->digest;
    TRY_VOID(connection.run("ROLLBACK"));
    return text_of(mark);
}

Result<Written> pg_written_since(PgConnection& connection, const std::string& text) {
    const auto before = parse(text);
    TRY_VOID(connection.run(transaction));
    const auto now = TRY(bare_mark(connection));
    if (!before || before->place != now.place || now.place.starts_with('/')) return Written::unknown;
    const auto verdict = TRY(compared(connection, *before, now));
    TRY_VOID(connection.run("COMMIT"));
    return verdict;
}

}  // namespace uprev
