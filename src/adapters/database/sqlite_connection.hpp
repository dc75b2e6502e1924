// SPDX-License-Identifier: Apache-2.0
// One connection to a SQLite file. Waits for other connections' locks up to a limit; never creates a database; leaves a write-ahead
// log as it finds it. As root, a file of another user is opened with that user's rights.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "os/filesystem.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace uprev {

class SqliteRow {
   public:
    explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string text(int column) const;  // empty for NULL
    [[nodiscard]] std::int64_t integer(int column) const;
    // One byte of type, length, value: two different values never look alike.
    void append_to(std::string& out, int column) const;

   private:
    sqlite3_stmt* statement_;
};

enum class SqliteMode { live, copy, create };  // live: the application's; copy: ours, nobody writes; create: a new file of ours

class SqliteConnection {
   public:
    static Result<SqliteConnection> open(const os::Path& path, SqliteMode mode);
    Result<> run(const std::string& sql);
    Result<> each(const std::string& sql, const std::function<void(const SqliteRow&)>& row);
    Result<std::string> value(const std::string& sql);  // first column of the first row; empty when there is none
    // Copies the whole database as this connection sees it (inside a transaction: that transaction's snapshot) into `to`.
    Result<> backup_to(SqliteConnection& to);

   private:
    SqliteConnection(sqlite3* handle, os::Path path);
    [[nodiscard]] Error error(int result) const;
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
    os::Path path_;
};

std::string sqlite_name(std::string_view name);  // quoted identifier

}  // namespace uprev
