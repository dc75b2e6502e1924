// SPDX-License-Identifier: Apache-2.0
// The file system as steps and adapters see it. The real one is LinuxFileSystem; the simulator has its own.
// Every mutating verb is durable when it returns: contents and the containing folder are fsynced, unless it says otherwise.
// Paths are absolute. Verbs that write never follow a symlink in the last component.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev::os {

using Path = std::filesystem::path;

enum class FileType { missing, regular, folder, symlink, other };

struct FileInfo {
    FileType type = FileType::missing;
    std::uint64_t size = 0;  // bytes
    std::uint32_t mode = 0;  // permission bits only
    std::uint32_t uid = 0;
    std::uint64_t device = 0;
    std::int64_t modified = 0;  // seconds since the epoch
};

struct DiskSpace {
    std::uint64_t free = 0;   // bytes that an unprivileged user may still write
    std::uint64_t total = 0;  // bytes
    std::uint64_t device = 0;
    std::uint64_t free_inodes = 0;
};

// Who owns what a verb creates; empty means the calling user.
struct Owner {
    std::string user;  // empty: leave
};

class FileSystem {
   public:
    virtual ~FileSystem() = default;

    // Reading. A missing file is Code::not_found, except for info(), which answers FileType::missing.
    virtual Result<FileInfo> info(const Path& path) const = 0;  // lstat: does not follow
    virtual Result<std::string> read(const Path& path, std::uint64_t limit = 64U << 20U) const = 0;
    virtual Result<Path> read_link(const Path& path) const = 0;
    virtual Result<std::vector<std::string>> list(const Path& folder) const = 0;  // names, sorted
    virtual Result<DiskSpace> space(const Path& path) const = 0;                  // of the nearest existing ancestor

    // Writing.
    virtual Result<> make_folders(const Path& path, std::uint32_t mode, const Owner& owner = {}) = 0;
    // Write aside, fsync, rename over `path`, fsync the folder.
    virtual Result<> write(const Path& path, std::string_view bytes, std::uint32_t mode, const Owner& owner = {}) = 0;
    // Makes `link` point to `target` by renaming a new symlink over it; refuses when `link` is a folder or a file.
    virtual Result<> point(const Path& link, const Path& target, const Owner& owner = {}) = 0;
    // rename(2) within one file system; refuses an existing destination.
    virtual Result<> rename(const Path& from, const Path& to) = 0;
    // renameat2(RENAME_EXCHANGE).
    virtual Result<> exchange(const Path& a, const Path& b) = 0;
    // Whole tree, never following symlinks, never crossing a mount; a missing path is fine.
    virtual Result<> remove_tree(const Path& path) = 0;
    // Flushes everything below `path` to disk (syncfs on its file system).
    virtual Result<> sync_tree(const Path& path) = 0;
};

}  // namespace uprev::os
