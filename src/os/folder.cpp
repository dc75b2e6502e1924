// SPDX-License-Identifier: Apache-2.0
#include "os/folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace uprev::os {

namespace {
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Path normal(const Path& path) {
    Path clean = path.lexically_normal();
    return clean.has_filename() || clean == "/" ? clean : clean.parent_path();
}

Result<Descriptor> opened(int fd, const Path& path) {
    if (fd < 0) return system_error(errno, "cannot open the folder '" + path.string() + "'");
    return Descriptor(fd);
}
}  // namespace

int open_confined(int folder, const std::string& relative, int flags, std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = resolve;
    for (;;) {
        const long fd = ::syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how);
        // EAGAIN: a rename raced with the walk; the kernel asks to try again.
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
    }
}

Result<> sync_folder(int fd, const Path& path) {
    if (::fsync(fd) != 0) return system_error(errno, "cannot flush the folder '" + path.string() + "'");
    return {};
}

Folders::Folders(Path beneath) : beneath_(beneath.empty() ? Path() : normal(beneath)) {}

bool Folders::confined(const Path& path) const {
    if (beneath_.empty() || ::geteuid() != 0) return false;
    const Path relative = path.lexically_relative(beneath_);
    return !relative.empty() && *relative.begin() != "..";
}

Result<Descriptor> Folders::open(const Path& path) const {
    const Path clean = normal(path);
    if (!clean.is_absolute()) return fail(Code::invalid, "'" + path.string() + "' is not an absolute path");
    if (!confined(clean)) return opened(::open(clean.c_str(), folder_flags), clean);
    const Descriptor root = TRY(opened(::open(beneath_.c_str(), folder_flags), beneath_));
    return opened(open_confined(root.get(), clean.lexically_relative(beneath_).string(), folder_flags,
                                RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
                  clean);
}

Result<Place> Folders::place(const Path& path) const {
    const Path clean = normal(path);
    if (!clean.is_absolute()) return fail(Code::invalid, "'" + path.string() + "' is not an absolute path");
    if (!clean.has_filename()) return fail(Code::invalid, "'" + path.string() + "' names no file");
    return Place{TRY(open(clean.parent_path())), clean.filename().string()};
}

Result<Folders::Descent> Folders::descend(const Path& path) const {
    const Path clean = normal(path);
    if (!clean.is_absolute()) return fail(Code::invalid, "'" + path.string() + "' is not an absolute path");
    const bool inside = confined(clean) && clean != beneath_;
    Path at = inside ? beneath_ : clean;
    Descriptor from(::open(at.c_str(), folder_flags));
    // Outside the confining root: the nearest ancestor that exists, symlinks followed.
    while (!from && errno == ENOENT && at != "/" && !inside) {
        at = at.parent_path();
        from.reset(::open(at.c_str(), folder_flags));
    }
    if (!from) return system_error(errno, "cannot open the folder '" + at.string() + "'");
    Descent descent{std::move(from), at, {}};
    if (at != clean)
        for (const auto& part : clean.lexically_relative(at)) descent.down.push_back(part.string());
    return descent;
}

}  // namespace uprev::os
