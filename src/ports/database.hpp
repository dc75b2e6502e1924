// SPDX-License-Identifier: Apache-2.0
// A database of the installation: measured, fenced, snapshotted, proven, restored.
// Every verb may be called again after a crash with the same arguments and then finishes or confirms what it began.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

struct TableCount {
    std::string table;  // schema-qualified
    std::uint64_t rows = 0;
};

struct DatabaseFacts {
    std::string server;       // "PostgreSQL 15.18", "SQLite 3.40.1"
    std::string address;      // without secrets: "postgresql://127.0.0.1:5432/shop", "/opt/shop/shared/shop.db"
    std::uint64_t bytes = 0;  // on disk
    os::Path disk;            // a path on the database's own disk for the disk check; empty when it is on another machine
    std::string schema;       // schema version by the site's query; empty: not known
    std::string
        write_mark;  // changes when anything is written (PostgreSQL: next xid; SQLite: content hash); for `unwritten_since`
    std::uint32_t sessions = 0;  // other sessions connected, or processes holding the file
};

struct Snapshot {
    std::string database;  // its name in the site file
    os::Path path;         // dump file
    std::uint64_t bytes = 0;
    std::string sha256;      // of the dump file
    std::string write_mark;  // of the database at the snapshot's instant
    std::string schema;
    std::vector<TableCount> tables;  // counted inside the snapshot
    std::string schema_digest;       // of the normalised schema
    std::int64_t taken_ms = 0;       // wall clock
    bool proven = false;             // restored aside and compared equal
    std::string proof;               // what was compared, or why it is unverified
    std::string restored;            // name (or path) of the proven copy kept aside for a fast restore; empty: dropped
};

struct Fence {
    std::string database;
    std::string name;                        // PostgreSQL: the name it has while fenced; SQLite: the path
    std::map<std::string, std::string> env;  // what a migration needs to reach it: {DATABASE_URL: …}; secrets: never journaled
    std::vector<std::string> secrets;        // those of env to mask
};

enum class Written { no, yes, unknown };

// A database that a restore replaced, and kept.
struct ReplacedDatabase {
    std::string name;  // or its path
    std::uint64_t bytes = 0;
};

class Database {
   public:
    virtual ~Database() = default;
    virtual Result<DatabaseFacts> inspect() = 0;  // also under its fenced name
    // `mark` names the operation; files go to `folder` as <name>-<mark>.<ext>, 0600. Proves by restoring aside; `keep_copy` keeps the copy.
    virtual Result<Snapshot> snapshot(const os::Path& folder, const std::string& mark, bool keep_copy) = 0;
    // Keeps other writers out (`mark` names the operation) / lets them in again. Both idempotent. unfence is fine when not fenced.
    virtual Result<Fence> fence(const std::string& mark) = 0;
    virtual Result<> unfence(const std::string& mark) = 0;
    // Whether the fence stands by itself, also while no uprev runs. Where it doesn't, only the services' guard keeps writers out.
    [[nodiscard]] virtual bool fence_stands() const { return true; }
    // Makes and compares the copy that restore(snapshot, mark) will swap in; the live database is untouched. Where it was swapped already,
    // nothing. An installation's databases are all laid aside before the first is swapped.
    virtual Result<> lay_aside(const Snapshot& snapshot, const std::string& mark) = 0;
    // Swaps the snapshot's content in; the failed database is kept as <name>_failed_<mark> (SQLite: <path>.failed-<mark>).
    // Works whether fenced or not; afterwards it is reachable under its ordinary name. Already swapped for `mark` is fine.
    virtual Result<> restore(const Snapshot& snapshot, const std::string& mark) = 0;
    virtual Result<Written> written_since(const std::string& write_mark) = 0;
    // Drops the kept copy (Snapshot::restored), and the dump file too unless `keep_dump`. What is gone already is fine.
    virtual Result<> forget(const Snapshot& snapshot, bool keep_dump) = 0;
    // Drops dump and copy that snapshot(folder, mark, …) may have made before a crash kept its result from being recorded.
    virtual Result<> discard(const os::Path& folder, const std::string& mark) = 0;

    // What restore(…, mark) replaced, as long as it is kept; nothing: there is none. It goes only when somebody says so.
    virtual Result<std::optional<ReplacedDatabase>> replaced(const std::string& mark) = 0;
    virtual Result<> drop_replaced(const std::string& mark) = 0;

    // For people who ask; no operation needs them. Code::refused: this kind of database can't.
    // Restores the dump aside under `mark`, compares again and drops the copy. Code::corrupt: it doesn't hold what was recorded.
    virtual Result<> verify(const Snapshot& snapshot, const std::string& mark) {
        (void)mark;
        return fail(Code::refused, "snapshots of '" + snapshot.database + "' can't be verified again");
    }
    // Rows of each table as they are now, counted in one transaction; as in Snapshot::tables.
    virtual Result<std::vector<TableCount>> count() {
        return fail(Code::refused, "rows of this kind of database can't be counted");
    }
};

}  // namespace uprev
