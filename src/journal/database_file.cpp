// SPDX-License-Identifier: Apache-2.0
#include "journal/database_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace uprev {

namespace {
constexpr const char* from_backup = "put journal.db back from a backup of the state folder";

Error sqlite_error(int code, const std::string& why) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return fail(Code::exhausted, "journal: " + why,
                        "free disk space on the state folder's disk, then run the command again");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:
            return fail(Code::corrupt, "journal: " + why, from_backup);  // a table of ours is missing
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fail(Code::conflict, "journal: " + why, "another uprev is writing; try again");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return fail(Code::permission, "journal: " + why, "run as the user that owns the state folder (usually root: sudo)");
        case SQLITE_CONSTRAINT:
            return fail(Code::bug, "journal: " + why, "report this, with the output of 'uprev doctor'");
        default:
            return fail(Code::unavailable, "journal: " + why, "check the disk that holds the state folder");
    }
}

// SQLite reads what is missing of a cut-off page as zeros, so that a row may come back empty instead of not at all. While a write-ahead
// log is there the file may be half-checkpointed: the log has the rest.
Result<> whole_pages(const DatabaseFile& db, const os::Path& file) {
    std::error_code missing;
    const auto log = std::filesystem::file_size(file.string() + "-wal", missing);
    if (!missing && log > 0) return {};
    const auto size = std::filesystem::file_size(file, missing);
    if (missing || size == 0) return {};
    auto page = TRY(db.prepare("PRAGMA page_size"));
    TRY(page.row());
    if (page.number(0) > 0 && size % static_cast<std::uint64_t>(page.number(0)) == 0) return {};
    return fail(Code::corrupt, "journal: '" + file.string() + "' is cut off in the middle of a page", from_backup);
}

// Made 0600 before SQLite opens it, so that no moment shows it to others. One that is there is not opened here: closing the descriptor would
// take this process's locks from every connection that it has to the file.
Result<> make_private(const os::Path& file) {
    std::error_code missing;
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
    if (fd >= 0 || (errno == EEXIST && std::filesystem::is_regular_file(std::filesystem::symlink_status(file, missing))))
        return {};
    return fail(Code::permission, "cannot open journal '" + file.string() + "'",
                "run as the user that owns the state folder (usually root: sudo)");
}
}  // namespace

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
    sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
    sqlite3_bind_int64(statement_, index, number);
    return *this;
}

Result<bool> Statement::row() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return sqlite_error(code, sqlite3_errmsg(sqlite3_db_handle(statement_)));
}

std::string Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(statement_, column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

void DatabaseFile::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Result<DatabaseFile> DatabaseFile::open(const os::Path& file, bool read_only) {
    if (!read_only) TRY_VOID(make_private(file));
    sqlite3* raw = nullptr;
    const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
    DatabaseFile out;
    out.db_.reset(raw);
    if (code != SQLITE_OK) return sqlite_error(code, std::string("cannot open '") + file.string() + "': " + sqlite3_errstr(code));
    sqlite3_busy_timeout(raw, 10'000);
    TRY_VOID(whole_pages(out, file));
    if (!read_only) TRY_VOID(out.execute("PRAGMA journal_mode=WAL"));
    TRY_VOID(out.execute("PRAGMA synchronous=FULL"));
    TRY_VOID(out.execute("PRAGMA foreign_keys=ON"));
    TRY_VOID(out.execute("PRAGMA trusted_schema=OFF"));
    return out;
}

Result<DatabaseFile> DatabaseFile::from_bytes(std::string bytes) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE, nullptr);
    DatabaseFile out;
    out.db_.reset(raw);
    if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errstr(code));
    if (bytes.size() > 19) bytes[18] = bytes[19] = 1;  // says that there is no write-ahead log, which memory can't have
    auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size()));
    if (copy == nullptr) return fail(Code::exhausted, "journal: not enough memory for a copy of it", "free some memory");
    std::copy(bytes.begin(), bytes.end(), copy);
    const auto size = static_cast<sqlite3_int64>(bytes.size());
    const int loaded =
        sqlite3_deserialize(raw, "main", copy, size, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    if (loaded != SQLITE_OK) return sqlite_error(loaded, sqlite3_errstr(loaded));
    return out;
}

Result<std::string> DatabaseFile::bytes() const {
    sqlite3_int64 size = 0;
    auto* raw = sqlite3_serialize(db_.get(), "main", &size, 0);
    if (raw == nullptr) return fail(Code::exhausted, "journal: not enough memory for a copy of it", "free some memory");
    std::string out(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
    sqlite3_free(raw);
    return out;
}

int DatabaseFile::changed() const { return sqlite3_changes(db_.get()); }

Result<> DatabaseFile::execute(const std::string& sql) {
    char* message = nullptr;
    const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, &message);
    if (code == SQLITE_OK) return {};
    const std::string why = message == nullptr ? sqlite3_errstr(code) : message;
    sqlite3_free(message);
    return sqlite_error(code, why);
}

Result<Statement> DatabaseFile::prepare(std::string_view sql) const {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errmsg(db_.get()));
    return Statement(statement);
}

}  // namespace uprev
