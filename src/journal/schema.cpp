// SPDX-License-Identifier: Apache-2.0
#include "journal/schema.hpp"

#include <array>

namespace uprev {

namespace {
constexpr const char* schema_sql = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, from_version TEXT NOT NULL, to_version TEXT NOT NULL,
  direction TEXT NOT NULL, result TEXT NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, started_by TEXT NOT NULL,
  uprev_version TEXT NOT NULL, machine TEXT NOT NULL, request TEXT NOT NULL, plan TEXT NOT NULL, pinned TEXT NOT NULL,
  verdict TEXT NOT NULL, report TEXT NOT NULL, worker TEXT NOT NULL);
CREATE UNIQUE INDEX one_unfinished ON operations (result) WHERE result = '';
CREATE TABLE steps (
  operation TEXT NOT NULL REFERENCES operations(id), id TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, outputs TEXT NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY (operation, id)) WITHOUT ROWID;
CREATE TABLE generations (
  number INTEGER PRIMARY KEY, version TEXT NOT NULL, folder TEXT NOT NULL, operation TEXT NOT NULL, state TEXT NOT NULL,
  at_ms INTEGER NOT NULL, plugins TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE failed_versions (version TEXT PRIMARY KEY, reason TEXT NOT NULL, operation TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, set_by TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot_sets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, operation TEXT NOT NULL, version TEXT NOT NULL, at_ms INTEGER NOT NULL,
  snapshots TEXT NOT NULL);
)sql";

// Row n leads from state version n + 1 to the next.
constexpr std::array<const char*, state_version - 1> migrations{
    // 1 -> 2: the order of snapshot sets no longer hangs on the wall clock, which an operator may set back.
    R"sql(
CREATE TABLE sets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, operation TEXT NOT NULL, version TEXT NOT NULL, at_ms INTEGER NOT NULL,
  snapshots TEXT NOT NULL);
INSERT INTO sets (id, operation, version, at_ms, snapshots) SELECT id, operation, version, at_ms, snapshots FROM snapshot_sets ORDER BY at_ms, id;
DROP TABLE snapshot_sets;
ALTER TABLE sets RENAME TO snapshot_sets;
)sql"};

Result<> set_version(DatabaseFile& db, int version) { return db.execute("PRAGMA user_version = " + std::to_string(version)); }

Result<> create_tables(DatabaseFile& db) {
    if (TRY(version_of(db)) != 0) return {};
    auto tables = TRY(db.prepare("SELECT count(*) FROM sqlite_master"));
    TRY(tables.row());
    if (tables.number(0) != 0)
        return fail(Code::corrupt, "the journal is an SQLite file of something else",
                    "put the installation's own journal.db back, from a backup of the state folder");
    TRY_VOID(db.execute(schema_sql));
    return set_version(db, state_version);
}

Result<> migrate_tables(DatabaseFile& db, const KeepCopy& keep_copy) {
    const int found = TRY(version_of(db));
    if (found >= state_version) return {};
    TRY_VOID(keep_copy(TRY(db.bytes()), found));
    for (int version = found; version < state_version; ++version)
        TRY_VOID(db.execute(migrations.at(static_cast<std::size_t>(version) - 1)));
    return set_version(db, state_version);
}

Result<> in_transaction(DatabaseFile& db, const std::function<Result<>()>& work) {
    TRY_VOID(db.execute("BEGIN EXCLUSIVE"));
    auto done = work();
    if (done) done = db.execute("COMMIT");
    if (!done) (void)db.execute("ROLLBACK").has_value();
    return done;
}
}  // namespace

Result<int> version_of(const DatabaseFile& db) {
    auto statement = TRY(db.prepare("PRAGMA user_version"));
    TRY(statement.row());
    return static_cast<int>(statement.number(0));
}

Result<> create_schema(DatabaseFile& db) {
    return in_transaction(db, [&] { return create_tables(db); });
}

Result<> migrate(DatabaseFile& db, const KeepCopy& keep_copy) {
    return in_transaction(db, [&] { return migrate_tables(db, keep_copy); })
        .within("bringing the journal to state version " + std::to_string(state_version));
}

}  // namespace uprev
