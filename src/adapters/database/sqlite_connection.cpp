// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/sqlite_connection.hpp"

#include <pwd.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "os/clock.hpp"
#include "os/identity.hpp"

namespace uprev {

namespace {
constexpr int busy_ms = 10'000;
constexpr int pages_at_once = 4096;
constexpr os::Milliseconds pause_when_busy{20};

using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

Code code_of(int result) {
    switch (result & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Code::timeout;
        case SQLITE_CANTOPEN:
            return Code::not_found;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Code::corrupt;
        case SQLITE_FULL:
            return Code::exhausted;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY:
            return Code::permission;
        default:
            return Code::failed;
    }
}

std::string hint_of(Code code) {
    switch (code) {
        case Code::timeout:
            return "another process holds the database for long; stop it, then run the same command again";
        case Code::corrupt:
            return "is this the application's SQLite file? sqlite3 FILE 'PRAGMA integrity_check' says more";
        case Code::exhausted:
            return "free disk space, then run the same command again";
        default:
            return {};
    }
}

// The user whose rights suffice for the file (of a link: whoever made it); empty: our own. Root must not create files beside it, nor read
// for its owner what they could not read themselves.
std::string owner_to_be(const os::Path& path) {
    struct stat info {};
    if (!os::is_root() || lstat(path.c_str(), &info) != 0 || info.st_uid == 0) return {};
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(1U << 14U);
    if (getpwuid_r(info.st_uid, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return {};
    return found->pw_name;
}

int flags_of(SqliteMode mode) {
    if (mode == SqliteMode::create) return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    return mode == SqliteMode::live ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
}

// A copy keeps the journal mode of its origin; nobody writes it, so it is read without a log being made beside it.
std::string address_of(const os::Path& path, SqliteMode mode) {
    if (mode != SqliteMode::copy) return path.string();
    std::string out = "file:";
    for (const char c : path.string()) {
        const bool special = c == '%' || c == '?' || c == '#';
        out += special ? (c == '%' ? "%25" : c == '?' ? "%3f" : "%23") : std::string(1, c);
    }
    return out + "?immutable=1";
}

struct Opened {
    sqlite3* handle = nullptr;
    int result = SQLITE_OK;
};

Opened opened_at(const os::Path& path, SqliteMode mode) {
    Opened opened;
    opened.result =
        sqlite3_open_v2(address_of(path, mode).c_str(), &opened.handle, flags_of(mode) | SQLITE_OPEN_EXRESCODE, nullptr);
    if (opened.result != SQLITE_OK) return opened;
    sqlite3_busy_timeout(opened.handle, busy_ms);
    sqlite3_db_config(opened.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_db_config(opened.handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened.handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // Read now, with the rights that we have now: a log that has to be made beside the file is made with them.
    opened.result = sqlite3_exec(opened.handle, "PRAGMA schema_version", nullptr, nullptr, nullptr);
    return opened;
}
}  // namespace

std::string sqlite_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

int SqliteRow::columns() const { return sqlite3_column_count(statement_); }

std::string SqliteRow::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

std::int64_t SqliteRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

void SqliteRow::append_to(std::string& out, int column) const {
    const int type = sqlite3_column_type(statement_, column);
    out += static_cast<char>(type);
    const auto raw = [&](const void* bytes, std::size_t size) {
        out.append(reinterpret_cast<const char*>(&size), sizeof size);
        if (size) out.append(static_cast<const char*>(bytes), size);
    };
    if (type == SQLITE_INTEGER) {
        const auto number = sqlite3_column_int64(statement_, column);
        raw(&number, sizeof number);
    } else if (type == SQLITE_FLOAT) {
        const double number = sqlite3_column_double(statement_, column);
        raw(&number, sizeof number);
    } else if (type != SQLITE_NULL) {
        const void* bytes = sqlite3_column_blob(statement_, column);
        raw(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
    }
}

SqliteConnection::SqliteConnection(sqlite3* handle, os::Path path) : handle_(handle, sqlite3_close), path_(std::move(path)) {}

Error SqliteConnection::error(int result) const {
    const Code code = code_of(result);
    return fail(code, "'" + path_.string() + "': " + sqlite3_errmsg(handle_.get()), hint_of(code));
}

Result<SqliteConnection> SqliteConnection::open(const os::Path& path, SqliteMode mode) {
    const std::string user = mode == SqliteMode::live ? owner_to_be(path) : std::string();
    Opened opened;
    bool reachable = true;
    const auto work = [&]() -> Result<> {
        reachable = user.empty() || euidaccess(path.parent_path().c_str(), X_OK) == 0;
        if (reachable) opened = opened_at(path, mode);
        return {};
    };
    TRY_VOID(user.empty() ? work() : os::as_user(user, work));
    // A folder that the owner can't even enter holds nothing that they planted.
    if (!reachable) opened = opened_at(path, mode);
    SqliteConnection connection(opened.handle, path);
    if (!opened.handle) return fail(Code::exhausted, "out of memory while opening '" + path.string() + "'");
    if (opened.result != SQLITE_OK) return connection.error(opened.result);
    return connection;
}

Result<> SqliteConnection::run(const std::string& sql) {
    return each(sql, [](const SqliteRow&) {});
}

Result<> SqliteConnection::each(const std::string& sql, const std::function<void(const SqliteRow&)>& row) {
    sqlite3_stmt* raw = nullptr;
    int result = sqlite3_prepare_v2(handle_.get(), sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
    const Statement statement(raw, sqlite3_finalize);
    if (result != SQLITE_OK) return error(result);
    while ((result = sqlite3_step(raw)) == SQLITE_ROW) row(SqliteRow(raw));
    if (result != SQLITE_DONE) return error(result);
    return {};
}

Result<std::string> SqliteConnection::value(const std::string& sql) {
    std::string out;
    bool first = true;
    TRY_VOID(each(sql, [&](const SqliteRow& row) {
        if (first) out = row.text(0);
        first = false;
    }));
    return out;
}

Result<> SqliteConnection::backup_to(SqliteConnection& to) {
    const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> backup(
        sqlite3_backup_init(to.handle_.get(), "main", handle_.get(), "main"), sqlite3_backup_finish);
    if (!backup) return to.error(sqlite3_errcode(to.handle_.get()));
    os::SystemClock clock;
    const auto deadline = clock.steady() + os::Milliseconds(busy_ms);
    while (true) {
        const int result = sqlite3_backup_step(backup.get(), pages_at_once);
        if (result == SQLITE_DONE) return {};
        if (result == SQLITE_OK) continue;
        const int kind = result & 0xFF;
        if ((kind != SQLITE_BUSY && kind != SQLITE_LOCKED) || clock.steady() > deadline) return to.error(result);
        clock.sleep(pause_when_busy);
    }
}

}  // namespace uprev
