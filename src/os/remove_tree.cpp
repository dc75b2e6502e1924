// SPDX-License-Identifier: Apache-2.0
// Removal of a whole tree through descriptors: a symlink is unlinked, never followed; a mount stops it; a folder that
// was swapped for a symlink in the middle is refused by the kernel (RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV).
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/linux_filesystem.hpp"

namespace uprev::os {

namespace {
// Deeper folders are first moved up to the top: a tree as deep as an attacker likes needs no more descriptors than this.
constexpr int deepest = 128;
constexpr int passes = 64;  // over a folder into which somebody keeps writing

Result<Descriptor> open_below(int folder, const std::string& name, const Path& path) {
    constexpr std::uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    int fd = open_confined(folder, name, O_RDONLY | O_DIRECTORY, resolve);
    if (fd < 0 && errno == EACCES) {
        // Ours, but not readable: give ourselves the right, through a descriptor so that no symlink can stand in.
        const Descriptor locked(open_confined(folder, name, O_PATH | O_DIRECTORY, resolve));
        if (locked && ::chmod(("/proc/self/fd/" + std::to_string(locked.get())).c_str(), 0700) == 0)
            fd = open_confined(folder, name, O_RDONLY | O_DIRECTORY, resolve);
    }
    if (fd < 0 && errno == EXDEV)
        return fail(Code::refused, "cannot remove '" + path.string() + "': another file system is mounted there",
                    "unmount it and try again");
    if (fd < 0) return system_error(errno, "cannot remove '" + path.string() + "'");
    return Descriptor(fd);
}

Result<std::vector<std::pair<std::string, bool>>> entries(int folder, const Path& path) {
    DIR* handle = ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle == nullptr) return system_error(errno, "cannot list '" + path.string() + "'");
    std::vector<std::pair<std::string, bool>> found;
    while (const dirent* entry = ::readdir(handle)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        bool is_folder = entry->d_type == DT_DIR;
        struct stat about {};
        if (entry->d_type == DT_UNKNOWN)
            is_folder = ::fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(about.st_mode);
        found.emplace_back(name, is_folder);
    }
    ::closedir(handle);
    return found;
}

// unlinkat; a folder of ours that is not writable is made so.
int unlink_in(int folder, const std::string& name, int flags) {
    if (::unlinkat(folder, name.c_str(), flags) == 0 || errno == ENOENT) return 0;
    if (errno == EACCES && ::fchmod(folder, 0700) == 0 && ::unlinkat(folder, name.c_str(), flags) == 0) return 0;
    return errno;
}

class Removal {
   public:
    explicit Removal(int top) : top_(top) {}

    Result<> empty(int folder, const Path& path, int depth) {
        for (int pass = 0; pass < passes; ++pass) {
            const auto found = TRY(entries(folder, path));
            if (found.empty()) return {};
            for (const auto& [name, is_folder] : found) {
                if (is_folder)
                    TRY_VOID(remove_folder(folder, name, path / name, depth));
                else if (const int error = unlink_in(folder, name, 0); error != 0 && error != EISDIR)
                    return system_error(error, "cannot remove '" + (path / name).string() + "'");
            }
        }
        return fail(Code::conflict, "cannot remove '" + path.string() + "': something keeps writing into it",
                    "stop what writes there and try again");
    }

   private:
    Result<> remove_folder(int folder, const std::string& name, const Path& path, int depth) {
        if (depth == deepest) {
            (void)::fchmod(folder, 0700);
            if (::renameat(folder, name.c_str(), top_, random_name().c_str()) != 0 && errno != ENOENT)
                return system_error(errno, "cannot remove '" + path.string() + "'");
            return {};
        }
        auto inner = open_below(folder, name, path);
        if (!inner) {
            if (inner.error().code == Code::not_found) return {};
            return std::move(inner).error();
        }
        TRY_VOID(empty(inner->get(), path, depth + 1));
        if (const int error = unlink_in(folder, name, AT_REMOVEDIR); error != 0 && error != ENOTEMPTY)
            return system_error(error, "cannot remove '" + path.string() + "'");
        return {};
    }

    int top_;
};
}  // namespace

Result<> remove_below(int folder, const std::string& name, const Path& path) {
    struct stat about {};
    if (::fstatat(folder, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return {};
        return system_error(errno, "cannot remove '" + path.string() + "'");
    }
    if (S_ISDIR(about.st_mode)) {
        const Descriptor top = TRY(open_below(folder, name, path));
        TRY_VOID(Removal(top.get()).empty(top.get(), path, 0));
    }
    if (const int error = unlink_in(folder, name, S_ISDIR(about.st_mode) ? AT_REMOVEDIR : 0); error != 0)
        return system_error(error, "cannot remove '" + path.string() + "'");
    return {};
}

}  // namespace uprev::os
