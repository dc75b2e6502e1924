// SPDX-License-Identifier: Apache-2.0
#include "journal/database_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace uprev {

namespace {
Error sqlite_error(int code, const std::string& why) {
    switch (code & 0xff) {
        case SQLITE_FULL: return fail(Code::exhausted, "journal: " + why, "free disk space on the state folder's disk, then run the command again");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return fail(Code::corrupt, "journal: " + why, "restore journal.db from journal.db.before-* or a backup of the state folder");
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return fail(Code::conflict, "journal: " + why, "another uprev is writing; try again");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN: return fail(Code::permission, "journal: " + why, "run as the user that owns the state folder (usually root: sudo)");
        default: return fail(Code::unavailable, "journal: " + why, "check the disk that holds the state folder");
    }
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
    if (!read_only) {  // made 0600 before SQLite opens it, so that no moment shows it to others
        const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return fail(Code::permission, "cannot open journal '" + file.string() + "'", "run as the user that owns the state folder (usually root: sudo)");
        ::close(fd);
    }
    sqlite3* raw = nullptr;
    const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
    DatabaseFile out;
    out.db_.reset(raw);
    if (code != SQLITE_OK) return sqlite_error(code, std::string("cannot open '") + file.string() + "': " + sqlite3_errstr(code));
    sqlite3_busy_timeout(raw, 10'000);
    if (!read_only) TRY_VOID(out.execute("PRAGMA journal_mode=WAL"));
    TRY_VOID(out.execute("PRAGMA synchronous=FULL"));
    TRY_VOID(out.execute("PRAGMA foreign_keys=ON"));
    TRY_VOID(out.execute("PRAGMA trusted_schema=OFF"));
    return out;
}

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
