// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/tree_writer.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "adapters/unpacker/entry_name.hpp"
#include "base/text.hpp"
#include "os/descriptor.hpp"

namespace uprev {

namespace {

int open_beneath(int folder, const char* name, std::uint64_t flags, std::uint64_t mode) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    return static_cast<int>(syscall(SYS_openat2, folder, name, &how, sizeof how));
}

std::pair<std::string_view, std::string> split_last(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return {{}, path};
    return {std::string_view(path).substr(0, slash), path.substr(slash + 1)};
}

struct FolderCloser {
    void operator()(DIR* dir) const { closedir(dir); }
};

Result<std::vector<std::string>> names_in(int folder) {
    const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return fail(Code::failed, std::string("cannot list a folder: ") + os::errno_text(errno));
    const std::unique_ptr<DIR, FolderCloser> dir(fdopendir(copy));
    if (!dir) return fail(Code::failed, std::string("cannot list a folder: ") + os::errno_text(errno));
    std::vector<std::string> names;
    while (const dirent* entry = readdir(dir.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    return names;
}

}  // namespace

Error TreeWriter::failed(const std::string& what, const std::string& path) const {
    const int why = errno;
    const bool full = why == ENOSPC || why == EDQUOT;
    const Code code = full                                            ? Code::exhausted
                      : why == EACCES || why == EPERM || why == EROFS ? Code::permission
                      : why == ELOOP || why == EXDEV || why == EEXIST ? Code::refused
                                                                      : Code::failed;
    return fail(code, "cannot " + what + " '" + shown_name((into_ / path).string()) + "': " + os::errno_text(why),
                full ? "free some disk space and try again" : "");
}

Result<TreeWriter> TreeWriter::open(const os::Path& into) {
    TreeWriter writer;
    writer.into_ = into;
    writer.top_ = os::Descriptor(::open(into.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!writer.top_) return writer.failed("open", "");
    if (!TRY(names_in(writer.top_.get())).empty())
        return fail(Code::conflict, "'" + into.string() + "' is not empty", "remove what an earlier run left there");
    return writer;
}

Result<TreeWriter::Open> TreeWriter::step(int from, const std::string& name) {
    int fd = open_beneath(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0 && errno == ENOENT) {
        if (mkdirat(from, name.c_str(), 0755) != 0) return failed("make folder", name);
        fd = open_beneath(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd >= 0 && fchmod(fd, 0755) != 0) return failed("set the mode of", name);
    }
    if (fd < 0) return failed("open folder", name);
    return Open{name, os::Descriptor(fd)};
}

Result<int> TreeWriter::enter(std::string_view folder) {
    const auto parts = folder.empty() ? std::vector<std::string>{} : split(folder, '/');
    std::size_t shared = 0;
    while (shared < parts.size() && shared < trail_.size() && trail_[shared].name == parts[shared]) ++shared;
    trail_.resize(shared);
    for (std::size_t i = shared; i < parts.size(); ++i)
        trail_.push_back(TRY(step(trail_.empty() ? top_.get() : trail_.back().fd.get(), parts[i])));
    return trail_.empty() ? top_.get() : trail_.back().fd.get();
}

Result<> TreeWriter::folder(const std::string& path) {
    TRY_VOID(enter(path));
    return {};
}

Result<> TreeWriter::begin_file(const std::string& path) {
    const auto [parent, name] = split_last(path);
    const int folder = TRY(enter(parent));
    file_ = os::Descriptor(open_beneath(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    file_path_ = path;
    if (!file_) return failed("create", path);
    return {};
}

Result<> TreeWriter::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return failed("write", file_path_);
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

Result<> TreeWriter::end_file(bool executable, std::int64_t modified) {
    const timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(modified), 0}};
    if (fchmod(file_.get(), executable ? 0755 : 0644) != 0) return failed("set the mode of", file_path_);
    if (futimens(file_.get(), times) != 0) return failed("set the time of", file_path_);
    file_.reset();
    return {};
}

Result<> TreeWriter::hardlink(const std::string& target, const std::string& path) {
    const auto [target_parent, target_name] = split_last(target);
    // A descriptor of its own: entering the second folder may close the first.
    const os::Descriptor from(fcntl(TRY(enter(target_parent)), F_DUPFD_CLOEXEC, 0));
    if (!from) return failed("open the folder of", target);
    const auto [parent, name] = split_last(path);
    const int to = TRY(enter(parent));
    if (linkat(from.get(), target_name.c_str(), to, name.c_str(), 0) != 0) return failed("link", path);
    return {};
}

Result<> TreeWriter::symlink(const std::string& target, const std::string& path) {
    const auto [parent, name] = split_last(path);
    const int folder = TRY(enter(parent));
    if (symlinkat(target.c_str(), folder, name.c_str()) != 0) return failed("link", path);
    return {};
}

Result<> TreeWriter::lift(const std::string& root) {
    trail_.clear();
    os::Descriptor from(open_beneath(top_.get(), root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0));
    if (!from) return failed("open folder", root);
    const auto names = TRY(names_in(from.get()));
    // A child may bear the root's own name: the root steps aside first, under a name that no child has.
    std::string aside = ".lifted";
    for (struct stat info{}; fstatat(from.get(), aside.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;) aside += "_";
    if (renameat(top_.get(), root.c_str(), top_.get(), aside.c_str()) != 0) return failed("rename", root);
    for (const auto& name : names)
        if (renameat(from.get(), name.c_str(), top_.get(), name.c_str()) != 0) return failed("rename", name);
    if (unlinkat(top_.get(), aside.c_str(), AT_REMOVEDIR) != 0) return failed("remove folder", aside);
    return {};
}

}  // namespace uprev
