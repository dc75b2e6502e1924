// SPDX-License-Identifier: Apache-2.0
// The real FileSystem. Every write works relative to the descriptor of the containing folder, through a temporary name that
// nobody can predict; what is given to another user is first checked, through a descriptor, to be what was just made.
#pragma once

#include "os/filesystem.hpp"
#include "os/folder.hpp"

namespace uprev::os {

class LinuxFileSystem final : public FileSystem {
   public:
    explicit LinuxFileSystem(Path beneath) : folders_(std::move(beneath)) {}

    Result<FileInfo> info(const Path& path) const override;
    Result<std::string> read(const Path& path, std::uint64_t limit) const override;
    Result<Path> read_link(const Path& path) const override;
    Result<std::vector<std::string>> list(const Path& folder) const override;
    Result<DiskSpace> space(const Path& path) const override;

    Result<> make_folders(const Path& path, std::uint32_t mode, const Owner& owner) override;
    Result<> write(const Path& path, std::string_view bytes, std::uint32_t mode, const Owner& owner) override;
    Result<> point(const Path& link, const Path& target, const Owner& owner) override;
    Result<> rename(const Path& from, const Path& to) override;
    Result<> exchange(const Path& a, const Path& b) override;
    Result<> remove_tree(const Path& path) override;
    Result<> sync_tree(const Path& path) override;

   private:
    Result<> rename_with(const Path& from, const Path& to, unsigned flags, const char* verb);
    Folders folders_;
};

// Removes `name` in `folder`, whole. `path` names it in errors.
Result<> remove_below(int folder, const std::string& name, const Path& path);

}  // namespace uprev::os
