// SPDX-License-Identifier: Apache-2.0
// The files that a SQLite database consists of, and how one is swapped for another without ever pairing a database with the log or
// journal of the other. Every call may be repeated after a crash at any point.
//
// The two files are exchanged in one step and then the old one is renamed, so that there is a database at every instant. What is laid
// aside carries its own inode's number in its name: after the exchange another inode stands there, and that tells which of the two it is.
#pragma once

#include <string>
#include <vector>

#include "adapters/database/dump_file.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "ports/database.hpp"

namespace uprev {

class SqliteFiles {
   public:
    SqliteFiles(os::FileSystem& files, os::Path path) : files_(files), path_(std::move(path)) {}

    [[nodiscard]] os::Path failed(const std::string& mark) const { return path_.string() + ".failed-" + mark; }
    // Other processes that have the database or its log open.
    [[nodiscard]] std::vector<int> holders() const;
    // Whether the swap for `mark` was made; what a crash left of it is then finished.
    Result<bool> swapped(const std::string& mark);
    // Puts `dump` beside the database, with its owner and mode; gives its path.
    Result<os::Path> lay_aside(const DumpFile& dump, const std::string& mark);
    // The one that an earlier call finished laying aside; nothing when there is none.
    Result<std::optional<os::Path>> laid_aside(const std::string& mark) const;
    Result<> drop_laid(const std::string& mark);
    // The one laid aside becomes the database, the old one with its log <path>.failed-<mark>.
    Result<> swap(const os::Path& laid, const std::string& mark);

    // The one that a swap for `mark` replaced: its size with its log; nothing when it is gone.
    [[nodiscard]] Result<std::optional<ReplacedDatabase>> kept(const std::string& mark) const;
    Result<> drop_kept(const std::string& mark);

   private:
    [[nodiscard]] std::string stem(const std::string& mark) const { return path_.string() + ".uprev-restore-" + mark + "."; }
    Result<std::vector<os::Path>> laid(const std::string& mark) const;
    os::FileSystem& files_;
    os::Path path_;
};

}  // namespace uprev
