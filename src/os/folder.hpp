// SPDX-License-Identifier: Apache-2.0
// The folder that holds a path, as a descriptor, so that nobody can replace it between two calls. For this folder only.
// Below a root that other users may write, root gets there only by openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS).
#pragma once

#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

struct Place {
    Descriptor folder;  // open for reading, so that it can be fsynced
    std::string name;   // last component; never empty, "." or ".."
};

class Folders {
   public:
    explicit Folders(Path beneath);
    // The folder of `path`. Code::invalid: not absolute, or ends in "..".
    [[nodiscard]] Result<Place> place(const Path& path) const;
    // The folder `path` itself.
    [[nodiscard]] Result<Descriptor> open(const Path& path) const;
    // An existing ancestor of `path` (nearest, or the root that confines it) and the components that lead down from it.
    struct Descent {
        Descriptor from;
        Path at;
        std::vector<std::string> down;
    };
    [[nodiscard]] Result<Descent> descend(const Path& path) const;

   private:
    [[nodiscard]] bool confined(const Path& path) const;
    Path beneath_;
};

// fsync of a folder; `path` names it in the error.
Result<> sync_folder(int fd, const Path& path);
// openat2 with O_CLOEXEC; -1 and errno as usual.
int open_confined(int folder, const std::string& relative, int flags, std::uint64_t resolve);

}  // namespace uprev::os
