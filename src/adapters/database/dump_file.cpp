// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/dump_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "release/digest.hpp"

namespace uprev {

namespace {
constexpr std::size_t block = 1U << 18U;

Code code_of(int number) {
    switch (number) {
        case ENOENT:
            return Code::not_found;
        case EEXIST:
        case ELOOP:
            return Code::conflict;
        case EACCES:
        case EPERM:
        case EROFS:
            return Code::permission;
        case ENOSPC:
        case EDQUOT:
            return Code::exhausted;
        default:
            return Code::failed;
    }
}
}  // namespace

Error DumpFile::error(const char* doing) const {
    const int number = errno;
    return fail(code_of(number), std::string("cannot ") + doing + " '" + path_.string() + "': " + std::strerror(number));
}

Result<DumpFile> DumpFile::create(const os::Path& path) {
    DumpFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), path);
    if (file.fd_ < 0) return file.error("create");
    return file;
}

Result<DumpFile> DumpFile::open(const os::Path& path) {
    DumpFile file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path);
    if (file.fd_ < 0) return file.error("open");
    return file;
}

Result<DumpFile> memory_file() {
    const int fd = memfd_create("uprev", MFD_CLOEXEC);
    if (fd < 0) return fail(code_of(errno), std::string("cannot make a file in memory: ") + std::strerror(errno));
    return DumpFile::adopt(fd, "the output of a tool");
}

DumpFile::DumpFile(DumpFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

DumpFile& DumpFile::operator=(DumpFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
}

DumpFile::~DumpFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::uint64_t> DumpFile::size() const {
    struct stat info {};
    if (fstat(fd_, &info) != 0) return error("examine");
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::uint64_t> DumpFile::inode() const {
    struct stat info {};
    if (fstat(fd_, &info) != 0) return error("examine");
    return static_cast<std::uint64_t>(info.st_ino);
}

Result<std::string> DumpFile::digest() const {
    Sha256 hash;
    std::vector<char> buffer(block);
    off_t at = 0;
    while (true) {
        const ssize_t got = pread(fd_, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error("read");
        if (got == 0) return hash.finish().hex;
        hash.update(buffer.data(), static_cast<std::size_t>(got));
        at += got;
    }
}

Result<> DumpFile::sync() {
    if (fsync(fd_) != 0) return error("flush");
    return {};
}

Result<> DumpFile::copy_from(const DumpFile& other) {
    off_t at = 0;
    std::vector<char> buffer(block);
    while (true) {
        const ssize_t got = pread(other.fd_, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return other.error("read");
        if (got == 0) return sync();
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = pwrite(fd_, buffer.data() + done, static_cast<std::size_t>(got - done), at + done);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return error("write");
            done += put;
        }
        at += got;
    }
}

Result<> DumpFile::give(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode) {
    struct stat info {};
    if (fstat(fd_, &info) != 0) return error("examine");
    if ((info.st_uid != uid || info.st_gid != gid) && fchown(fd_, uid, gid) != 0) return error("change the owner of");
    if (fchmod(fd_, mode) != 0) return error("change the mode of");
    return {};
}

Result<std::string> content(const DumpFile& file) {
    std::string out(static_cast<std::size_t>(TRY(file.size())), '\0');
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = pread(file.descriptor(), out.data() + done, out.size() - done, static_cast<off_t>(done));
        if (got <= 0) return fail(Code::failed, "cannot read back the output of a tool");
        done += static_cast<std::size_t>(got);
    }
    return out;
}

Result<DumpFile> open_recorded(const os::Path& path, std::uint64_t bytes, const std::string& sha256) {
    auto opened = DumpFile::open(path);
    if (!opened && opened.error().code == Code::not_found)
        return fail(Code::not_found, "the snapshot's file '" + path.string() + "' is gone",
                    "uprev snapshot list shows the others");
    DumpFile file = TRY(std::move(opened));
    const auto size = TRY(file.size());
    if (size != bytes)
        return fail(Code::corrupt,
                    "the snapshot's file '" + path.string() + "' has " + std::to_string(size) + " bytes instead of " +
                        std::to_string(bytes),
                    "it is not restored; uprev snapshot list shows the others");
    if (TRY(file.digest()) != sha256)
        return fail(Code::corrupt, "the snapshot's file '" + path.string() + "' was changed: its digest is not the recorded one",
                    "it is not restored; uprev snapshot list shows the others");
    return file;
}

}  // namespace uprev
