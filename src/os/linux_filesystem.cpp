// SPDX-License-Identifier: Apache-2.0
#include "os/linux_filesystem.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "os/identity.hpp"
#include "os/linux.hpp"

namespace uprev::os {

namespace {
std::string quoted(const Path& path) { return "'" + path.string() + "'"; }

FileType type_of(mode_t mode) {
    if (S_ISREG(mode)) return FileType::regular;
    if (S_ISDIR(mode)) return FileType::folder;
    return S_ISLNK(mode) ? FileType::symlink : FileType::other;
}

struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
    bool change = false;
};

Result<Ids> ids_of(const Owner& owner) {
    if (owner.user.empty()) return Ids{};
    const User user = TRY(find_user(owner.user));
    if (user.uid == ::geteuid() && !is_root()) return Ids{};
    if (!is_root())
        return fail(Code::permission, "cannot give files to user '" + owner.user + "' without being root",
                    "run uprev as root or as that user");
    return Ids{user.uid, user.gid, true};
}

// Removes a temporary that was not renamed into place.
class Temporary {
   public:
    Temporary(int folder, std::string name) : folder_(folder), name_(std::move(name)) {}
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
    }
    [[nodiscard]] const char* name() const { return name_.c_str(); }
    int rename_to(const std::string& final) {
        if (::renameat(folder_, name_.c_str(), folder_, final.c_str()) != 0) return errno;
        name_.clear();
        return 0;
    }

   private:
    int folder_;
    std::string name_;
};

bool is_empty(int folder) {
    DIR* handle = ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle == nullptr) return false;
    bool empty = true;
    while (const dirent* entry = ::readdir(handle)) {
        const std::string_view name = entry->d_name;
        empty = empty && (name == "." || name == "..");
    }
    ::closedir(handle);
    return empty;
}

// The folder was made a moment ago, in a folder that its future owner may write: make sure that it is still the one.
Result<> hand_over_folder(int fd, const Path& path, std::uint32_t mode, const Ids& ids) {
    struct stat about {};
    if (::fstat(fd, &about) != 0) return system_error(errno, "cannot examine " + quoted(path));
    if (about.st_uid != ::geteuid() || !is_empty(fd))
        return fail(Code::refused, quoted(path) + " was replaced while it was being made",
                    "find out who else writes there, then try again");
    if (ids.change && ::fchown(fd, ids.uid, ids.gid) != 0)
        return system_error(errno, "cannot change the owner of " + quoted(path));
    if (::fchmod(fd, mode) != 0) return system_error(errno, "cannot change the mode of " + quoted(path));
    return {};
}

Result<> hand_over_link(int folder, const char* name, const Path& path, const Ids& ids) {
    if (!ids.change) return {};
    const Descriptor fd(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) return system_error(errno, "cannot examine " + quoted(path));
    if (!S_ISLNK(about.st_mode) || about.st_uid != ::geteuid())
        return fail(Code::refused, quoted(path) + " was replaced while it was being made",
                    "find out who else writes there, then try again");
    if (::fchownat(fd.get(), "", ids.uid, ids.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0)
        return system_error(errno, "cannot change the owner of " + quoted(path));
    return {};
}
}  // namespace

Result<FileInfo> LinuxFileSystem::info(const Path& path) const {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return FileInfo{};
        return system_error(errno, "cannot examine " + quoted(path));
    }
    return FileInfo{type_of(about.st_mode), static_cast<std::uint64_t>(about.st_size),
                    about.st_mode & 07777U, about.st_uid,
                    about.st_dev,           about.st_mtim.tv_sec};
}

Result<std::string> LinuxFileSystem::read(const Path& path, std::uint64_t limit) const {
    // O_NONBLOCK: a FIFO planted there must not make us wait for a writer.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) return system_error(errno, "cannot open " + quoted(path));
    if (S_ISDIR(about.st_mode)) return system_error(EISDIR, "cannot read " + quoted(path));
    if (!S_ISREG(about.st_mode)) return fail(Code::refused, "cannot read " + quoted(path) + ": it is not a regular file");
    return read_all(fd.get(), limit, quoted(path));
}

Result<Path> LinuxFileSystem::read_link(const Path& path) const {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size < 0 && errno == EINVAL) return fail(Code::invalid, quoted(path) + " is not a symlink");
    if (size < 0) return system_error(errno, "cannot read the symlink " + quoted(path));
    return Path(std::string(target, static_cast<std::size_t>(size)));
}

Result<std::vector<std::string>> LinuxFileSystem::list(const Path& folder) const {
    DIR* handle = ::opendir(folder.c_str());
    if (handle == nullptr) return system_error(errno, "cannot list " + quoted(folder));
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(handle)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(handle);
    if (error != 0) return system_error(error, "cannot list " + quoted(folder));
    std::sort(names.begin(), names.end());
    return names;
}

Result<DiskSpace> LinuxFileSystem::space(const Path& path) const {
    Path at = path;
    struct stat about {};
    while (::stat(at.c_str(), &about) != 0) {
        if ((errno != ENOENT && errno != ENOTDIR) || at == at.parent_path())
            return system_error(errno, "cannot examine " + quoted(at));
        at = at.parent_path();
    }
    struct statvfs disk {};
    if (::statvfs(at.c_str(), &disk) != 0) return system_error(errno, "cannot measure the disk of " + quoted(at));
    return DiskSpace{disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize, about.st_dev, disk.f_favail};
}

Result<> LinuxFileSystem::make_folders(const Path& path, std::uint32_t mode, const Owner& owner) {
    const Ids ids = TRY(ids_of(owner));
    Folders::Descent walk = TRY(folders_.descend(path));
    for (const auto& part : walk.down) {
        const Path here = walk.at / part;
        const bool made = ::mkdirat(walk.from.get(), part.c_str(), 0700) == 0;
        if (!made && errno != EEXIST) return system_error(errno, "cannot make the folder " + quoted(here));
        Descriptor next(::openat(walk.from.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) return system_error(errno, "cannot open the folder " + quoted(here));
        if (made) {
            TRY_VOID(hand_over_folder(next.get(), here, mode, ids));
            TRY_VOID(sync_folder(walk.from.get(), walk.at));
        }
        walk.from = std::move(next);
        walk.at = here;
    }
    return {};
}

Result<> LinuxFileSystem::write(const Path& path, std::string_view bytes, std::uint32_t mode, const Owner& owner) {
    const Ids ids = TRY(ids_of(owner));
    const Place place = TRY(folders_.place(path));
    const std::string name = ".uprev-" + random_name();
    const Descriptor fd(::openat(place.folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return system_error(errno, "cannot write " + quoted(path));
    Temporary temporary(place.folder.get(), name);
    int error = write_all(fd.get(), bytes);
    if (error == 0 && ids.change && ::fchown(fd.get(), ids.uid, ids.gid) != 0) error = errno;
    if (error == 0 && ::fchmod(fd.get(), mode) != 0) error = errno;
    if (error == 0 && ::fsync(fd.get()) != 0) error = errno;
    if (error == 0) error = temporary.rename_to(place.name);
    if (error != 0) return system_error(error, "cannot write " + quoted(path));
    return sync_folder(place.folder.get(), path.parent_path());
}

Result<> LinuxFileSystem::point(const Path& link, const Path& target, const Owner& owner) {
    const Ids ids = TRY(ids_of(owner));
    const Place place = TRY(folders_.place(link));
    struct stat present {};
    if (::fstatat(place.folder.get(), place.name.c_str(), &present, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(present.st_mode))
        return fail(Code::refused, quoted(link) + " is a " + (S_ISDIR(present.st_mode) ? "folder" : "file") + ", not a symlink",
                    "move it away, or correct the path in the site file");
    const std::string name = ".uprev-" + random_name();
    if (::symlinkat(target.c_str(), place.folder.get(), name.c_str()) != 0)
        return system_error(errno, "cannot make the symlink " + quoted(link));
    Temporary temporary(place.folder.get(), name);
    TRY_VOID(hand_over_link(place.folder.get(), temporary.name(), link, ids));
    if (const int error = temporary.rename_to(place.name); error != 0)
        return system_error(error, "cannot point " + quoted(link) + " to " + quoted(target));
    return sync_folder(place.folder.get(), link.parent_path());
}

Result<> LinuxFileSystem::rename_with(const Path& from, const Path& to, unsigned flags, const char* verb) {
    const std::string what = std::string("cannot ") + verb + " " + quoted(from) + " and " + quoted(to);
    const Place a = TRY(folders_.place(from));
    const Place b = TRY(folders_.place(to));
    if (::renameat2(a.folder.get(), a.name.c_str(), b.folder.get(), b.name.c_str(), flags) != 0) {
        const int error = errno;
        if (error == EXDEV) return fail(Code::invalid, what + ": they lie on different file systems", "put both on one disk");
        return system_error(error, flags == RENAME_NOREPLACE ? "cannot rename " + quoted(from) + " to " + quoted(to) : what);
    }
    TRY_VOID(sync_folder(b.folder.get(), to.parent_path()));
    return sync_folder(a.folder.get(), from.parent_path());
}

Result<> LinuxFileSystem::rename(const Path& from, const Path& to) { return rename_with(from, to, RENAME_NOREPLACE, "rename"); }

Result<> LinuxFileSystem::exchange(const Path& a, const Path& b) { return rename_with(a, b, RENAME_EXCHANGE, "exchange"); }

Result<> LinuxFileSystem::remove_tree(const Path& path) {
    auto place = folders_.place(path);
    if (!place) {
        if (place.error().code == Code::not_found) return {};
        return std::move(place).error();
    }
    TRY_VOID(remove_below(place->folder.get(), place->name, path));
    return sync_folder(place->folder.get(), path.parent_path());
}

Result<> LinuxFileSystem::sync_tree(const Path& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return system_error(errno, "cannot open " + quoted(path));
    if (::syncfs(fd.get()) != 0) return system_error(errno, "cannot flush " + quoted(path) + " to disk");
    return {};
}

std::unique_ptr<FileSystem> make_filesystem(Path beneath) { return std::make_unique<LinuxFileSystem>(std::move(beneath)); }

}  // namespace uprev::os
