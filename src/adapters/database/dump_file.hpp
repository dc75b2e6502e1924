// SPDX-License-Identifier: Apache-2.0
// A dump on disk: 0600 from its first byte, never through a symlink, and read, hashed and restored through one descriptor, so that
// what was checked is what is used.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class DumpFile {
   public:
    static Result<DumpFile> create(const os::Path& path);  // Code::conflict when something is there
    static Result<DumpFile> open(const os::Path& path);    // to read; Code::not_found
    static DumpFile adopt(int fd, os::Path name) { return {fd, std::move(name)}; }
    DumpFile(DumpFile&& other) noexcept;
    DumpFile& operator=(DumpFile&& other) noexcept;
    DumpFile(const DumpFile&) = delete;
    DumpFile& operator=(const DumpFile&) = delete;
    ~DumpFile();

    [[nodiscard]] int descriptor() const { return fd_; }
    [[nodiscard]] Result<std::uint64_t> size() const;
    [[nodiscard]] Result<std::uint64_t> inode() const;
    [[nodiscard]] Result<std::string> digest() const;  // SHA-256, hex
    Result<> sync();
    Result<> copy_from(const DumpFile& other);  // whole content, synced
    Result<> give(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode);

   private:
    DumpFile(int fd, os::Path path) : fd_(fd), path_(std::move(path)) {}
    [[nodiscard]] Error error(const char* doing) const;
    int fd_ = -1;
    os::Path path_;
};

// A file in memory, for tool output of any size.
Result<DumpFile> memory_file();
Result<std::string> content(const DumpFile& file);

// Refuses a dump whose size or digest isn't what was recorded when it was proven.
Result<DumpFile> open_recorded(const os::Path& path, std::uint64_t bytes, const std::string& sha256);

}  // namespace uprev
