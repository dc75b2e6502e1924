// SPDX-License-Identifier: Apache-2.0
// The files that a SQLite database consists of, and how one is swapped for another without ever pairing a database with the log or
// journal of the other. Every call may be repeated after a crash at any point.
#pragma once

#include <string>
#include <vector>

#include "adapters/database/dump_file.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class SqliteFiles {
   public:
    SqliteFiles(os::FileSystem& files, os::Path path) : files_(files), path_(std::move(path)) {}

    [[nodiscard]] os::Path failed(const std::string& mark) const { return path_.string() + ".failed-" + mark; }
    [[nodiscard]] os::Path aside(const std::string& mark) const { return path_.string() + ".uprev-restore-" + mark; }
    // Other processes that have the database or its log open.
    [[nodiscard]] std::vector<int> holders() const;
    Result<bool> swapped(const std::string& mark, const std::string& sha256) const;
    // Puts `dump` beside the database, with its owner and mode.
    Result<> lay_aside(const DumpFile& dump, const std::string& mark);
    // The one laid aside becomes the database, the old one with its log <path>.failed-<mark>.
    Result<> swap(const std::string& mark);
    Result<> finish_swap(const std::string& mark);

   private:
    os::FileSystem& files_;
    os::Path path_;
};

}  // namespace uprev
