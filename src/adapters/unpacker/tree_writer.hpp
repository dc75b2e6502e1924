// SPDX-License-Identifier: Apache-2.0
// Writes a release below one folder and nowhere else: every component is opened from its parent's descriptor without following symlinks,
// and files are only ever created, never opened. Modes are 0755 or 0644 whatever the umask. Not synced: that is the caller's, once, at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class TreeWriter {
   public:
    // REQUIRES: `into` is an empty folder; anything in it is Code::conflict.
    static Result<TreeWriter> open(const os::Path& into);

    // Paths are clean and relative; missing parents are made.
    Result<> folder(const std::string& path);
    Result<> begin_file(const std::string& path);
    Result<> write(std::string_view bytes);
    Result<> end_file(bool executable, std::int64_t modified);
    Result<> hardlink(const std::string& target, const std::string& path);
    Result<> symlink(const std::string& target, const std::string& path);
    // Moves everything in the top folder `root` up and removes `root`.
    Result<> lift(const std::string& root);

   private:
    struct Open {
        std::string name;
        os::Descriptor fd;
    };
    TreeWriter() = default;
    Result<int> enter(std::string_view folder);  // descriptor of a folder below, made if missing; "" is the top
    Result<Open> step(int from, const std::string& name);
    Error failed(const std::string& what, const std::string& path) const;

    os::Path into_;
    os::Descriptor top_;
    std::vector<Open> trail_;  // open folders from the top to the one last used
    os::Descriptor file_;
    std::string file_path_;
};

}  // namespace uprev
