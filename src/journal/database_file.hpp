// SPDX-License-Identifier: Apache-2.0
// A thin owner of one SQLite connection and its statements. Errors carry SQLite's words and map to our codes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace uprev {

class Statement {
   public:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Statement(const Statement&) = delete;
    ~Statement();
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::int64_t number);
    Result<bool> row();  // true: a row is there
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;

   private:
    sqlite3_stmt* statement_;
};

class DatabaseFile {
   public:
    static Result<DatabaseFile> open(const os::Path& file, bool read_only);
    static Result<DatabaseFile> from_bytes(std::string bytes);  // in memory
    Result<> execute(const std::string& sql);
    Result<Statement> prepare(std::string_view sql) const;
    Result<std::string> bytes() const;  // the whole file, its write-ahead log taken in
    [[nodiscard]] int changed() const;  // rows that the last statement changed

   private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace uprev
