// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/sqlite.hpp"

#include <sqlite3.h>

#include "adapters/database/dump_file.hpp"
#include "adapters/database/sqlite_connection.hpp"
#include "adapters/database/sqlite_content.hpp"
#include "adapters/database/sqlite_files.hpp"
#include "adapters/database/table_counts.hpp"
#include "os/clock.hpp"

namespace uprev {

namespace {
std::string listed(const std::vector<int>& pids) {
    std::string out;
    for (const int pid : pids) out += (out.empty() ? "" : ", ") + std::to_string(pid);
    return out;
}

Result<> sound(SqliteConnection& connection) {
    const auto verdict = TRY(connection.value("PRAGMA integrity_check(1)"));
    if (verdict != "ok") return fail(Code::corrupt, "integrity check: " + verdict);
    return {};
}

// Whether the copy at `path` holds what was recorded, row by row.
Result<> holds(const os::Path& path, const Snapshot& snapshot) {
    auto copy = TRY(SqliteConnection::open(path, SqliteMode::copy));
    TRY_VOID(sound(copy));
    const auto found = TRY(sqlite_content(copy));
    if (found.digest == snapshot.write_mark) return {};
    return fail(Code::corrupt, "'" + path.string() + "' differs from the snapshot: " + difference(snapshot.tables, found.tables));
}

class Sqlite final : public Database {
   public:
    Sqlite(DatabaseSpec spec, os::Path path, os::FileSystem& files)
        : spec_(std::move(spec)), path_(std::move(path)), files_(files), parts_(files, path_) {}

    Result<DatabaseFacts> inspect() override;
    Result<Snapshot> snapshot(const os::Path& folder, const std::string& mark, bool keep_copy) override;
    Result<Fence> fence(const std::string& mark) override;
    Result<> unfence(const std::string& /*mark*/) override { return {}; }
    [[nodiscard]] bool fence_stands() const override { return false; }  // it only looks whether somebody holds the file
    Result<> lay_aside(const Snapshot& snapshot, const std::string& mark) override;
    Result<> restore(const Snapshot& snapshot, const std::string& mark) override;
    Result<Written> written_since(const std::string& write_mark) override;
    Result<> forget(const Snapshot& snapshot, bool keep_dump) override;
    Result<> discard(const os::Path& folder, const std::string& mark) override;
    Result<std::optional<ReplacedDatabase>> replaced(const std::string& mark) override { return parts_.kept(mark); }
    Result<> drop_replaced(const std::string& mark) override { return parts_.drop_kept(mark); }
    Result<> verify(const Snapshot& snapshot, const std::string& mark) override;
    Result<std::vector<TableCount>> count() override;

   private:
    Result<SqliteConnection> open() const;
    Result<std::string> schema_version(SqliteConnection& connection) const;
    Result<Snapshot> take(const os::Path& part) const;
    Result<os::Path> ready_copy(const Snapshot& snapshot, const std::string& mark);
    Result<> nobody_holds_it() const;
    [[nodiscard]] os::Path copy_path(const os::Path& folder, const std::string& mark) const {
        return folder / (spec_.name + "-" + mark + ".db");
    }
    Result<> drop_part(const os::Path& part);
    void empty_the_log() const;

    DatabaseSpec spec_;
    os::Path path_;
    os::FileSystem& files_;
    SqliteFiles parts_;
};

Result<SqliteConnection> Sqlite::open() const {
    if (TRY(files_.info(path_)).type == os::FileType::missing)
        return fail(Code::not_found, "database '" + spec_.name + "': '" + path_.string() + "' does not exist",
                    "correct sqlite.path, or let the application create it first");
    return SqliteConnection::open(path_, SqliteMode::live);
}

Result<std::string> Sqlite::schema_version(SqliteConnection& connection) const {
    if (spec_.sqlite.schema_query.empty()) return std::string();
    auto found = connection.value(spec_.sqlite.schema_query);
    // Before the first migration its table isn't there yet.
    if (!found && found.error().message.find("no such table") != std::string::npos) return std::string();
    return std::move(found).within("schema_query of database '" + spec_.name + "'");
}

Result<DatabaseFacts> Sqlite::inspect() {
    auto connection = TRY(open());
    DatabaseFacts facts;
    facts.server = std::string("SQLite ") + sqlite3_libversion();
    facts.address = path_.string();
    facts.disk = path_.parent_path();
    TRY_VOID(connection.run("BEGIN"));
    for (const auto* part : {"", "-wal"}) facts.bytes += TRY(files_.info(path_.string() + part)).size;
    facts.schema = TRY(schema_version(connection));
    facts.write_mark = TRY(sqlite_content(connection)).digest;
    facts.sessions = static_cast<std::uint32_t>(parts_.holders().size());
    return facts;
}

// Source and copy are read row by row and must hold the same: that, not a count, is the proof.
Result<Snapshot> Sqlite::take(const os::Path& part) const {
    auto source = TRY(open());
    Snapshot snapshot;
    snapshot.taken_ms = os::SystemClock().wall_ms();
    TRY_VOID(source.run("BEGIN"));
    snapshot.schema = TRY(schema_version(source));
    const auto expected = TRY(sqlite_content(source));
    {
        TRY(DumpFile::create(part));
        auto copy = TRY(SqliteConnection::open(part, SqliteMode::create));
        TRY_VOID(source.backup_to(copy).within("backing up '" + path_.string() + "'"));
    }
    TRY_VOID(source.run("COMMIT"));
    auto copy = TRY(SqliteConnection::open(part, SqliteMode::copy));
    TRY_VOID(sound(copy));
    const auto found = TRY(sqlite_content(copy));
    if (found.digest != expected.digest)
        return fail(Code::corrupt, "the copy of '" + path_.string() + "' differs: " + difference(expected.tables, found.tables));
    auto file = TRY(DumpFile::open(part));
    TRY_VOID(file.sync());
    snapshot.bytes = TRY(file.size());
    snapshot.sha256 = TRY(file.digest());
    snapshot.write_mark = expected.digest;
    snapshot.tables = expected.tables;
    snapshot.schema_digest = expected.schema_digest;
    snapshot.proven = true;
    snapshot.proof =
        "read back and compared row by row: " + std::to_string(expected.tables.size()) + " tables; integrity check ok";
    return snapshot;
}

Result<> Sqlite::drop_part(const os::Path& part) {
    for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) TRY_VOID(files_.remove_tree(part.string() + suffix));
    return {};
}

Result<> Sqlite::discard(const os::Path& folder, const std::string& mark) {
    const os::Path path = copy_path(folder, mark);
    TRY_VOID(drop_part(path.string() + ".part"));
    TRY(parts_.swapped(mark));  // what a crash left between the two may be the replaced database itself
    TRY_VOID(parts_.drop_laid(mark));
    return files_.remove_tree(path);
}

// A copy of a file is as fast as a kept database would be: nothing is kept beside the dump.
Result<Snapshot> Sqlite::snapshot(const os::Path& folder, const std::string& mark, bool /*keep_copy*/) {
    const os::Path path = copy_path(folder, mark);
    const os::Path part = path.string() + ".part";
    TRY_VOID(files_.make_folders(folder, 0700));
    TRY_VOID(drop_part(part));
    auto taken = take(part);
    if (!taken) {
        (void)files_.remove_tree(part).has_value();  // the error that counts is the snapshot's
        return taken;
    }
    TRY_VOID(files_.remove_tree(path));
    TRY_VOID(files_.rename(part, path));
    taken->database = spec_.name;
    taken->path = path;
    return taken;
}

Result<> Sqlite::nobody_holds_it() const {
    const auto pids = parts_.holders();
    if (pids.empty()) return {};
    return fail(Code::conflict, "'" + path_.string() + "' is open in process " + listed(pids),
                "stop what uses it, then run the same command again");
}

Result<Fence> Sqlite::fence(const std::string& /*mark*/) {
    TRY(open());
    TRY_VOID(nobody_holds_it());
    return Fence{spec_.name, path_.string(), {}, {}};
}

Result<os::Path> Sqlite::ready_copy(const Snapshot& snapshot, const std::string& mark) {
    if (const auto laid = TRY(parts_.laid_aside(mark)); laid && holds(*laid, snapshot)) return *laid;
    const DumpFile dump = TRY(open_recorded(snapshot.path, snapshot.bytes, snapshot.sha256));
    auto laid = TRY(parts_.lay_aside(dump, mark));
    TRY_VOID(holds(laid, snapshot));
    return laid;
}

Result<> Sqlite::lay_aside(const Snapshot& snapshot, const std::string& mark) {
    if (TRY(parts_.swapped(mark))) return {};
    TRY(ready_copy(snapshot, mark));
    return {};
}

Result<> Sqlite::restore(const Snapshot& snapshot, const std::string& mark) {
    if (TRY(parts_.swapped(mark))) return {};
    TRY_VOID(nobody_holds_it());
    const auto laid = TRY(ready_copy(snapshot, mark));
    empty_the_log();
    return parts_.swap(laid, mark);
}

// So that the moment between moving the log away and the swap loses nothing. A database too damaged for it is moved with its log.
void Sqlite::empty_the_log() const {
    auto live = open();
    if (live) (void)live->run("PRAGMA wal_checkpoint(TRUNCATE)").has_value();
}

Result<Written> Sqlite::written_since(const std::string& write_mark) {
    auto connection = TRY(open());
    TRY_VOID(connection.run("BEGIN"));
    return TRY(sqlite_content(connection)).digest == write_mark ? Written::no : Written::yes;
}

// The dump is the database: reading every row of it is what a restore would do.
Result<> Sqlite::verify(const Snapshot& snapshot, const std::string& /*mark*/) {
    TRY(open_recorded(snapshot.path, snapshot.bytes, snapshot.sha256));
    return holds(snapshot.path, snapshot);
}

Result<std::vector<TableCount>> Sqlite::count() {
    auto connection = TRY(open());
    TRY_VOID(connection.run("BEGIN"));
    return TRY(sqlite_content(connection)).tables;
}

Result<> Sqlite::forget(const Snapshot& snapshot, bool keep_dump) {
    return keep_dump || snapshot.path.empty() ? Result<>{} : files_.remove_tree(snapshot.path);
}
}  // namespace

Result<std::unique_ptr<Database>> make_sqlite(const DatabaseSpec& spec, const SiteFile& site, os::FileSystem& files) {
    std::string path = spec.sqlite.path;
    constexpr std::string_view root = "${root}";
    if (const auto at = path.find(root); at != std::string::npos) path.replace(at, root.size(), site.root);
    if (!path.starts_with('/'))
        return fail(Code::invalid, "database '" + spec.name + "': sqlite.path '" + path + "' is not absolute");
    return std::unique_ptr<Database>(std::make_unique<Sqlite>(spec, path, files));
}

}  // namespace uprev
