// SPDX-License-Identifier: Apache-2.0
#include "os/descriptor.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace uprev::os {

namespace {
struct ErrnoRow {
    int error;
    Code code;
    const char* hint;
};
constexpr std::array errno_rows{
    ErrnoRow{ENOENT, Code::not_found, ""},
    ErrnoRow{ESRCH, Code::not_found, ""},
    ErrnoRow{EACCES, Code::permission, "check the owner and mode of the path, or run as the right user"},
    ErrnoRow{EPERM, Code::permission, "check the owner and mode of the path, or run as the right user"},
    ErrnoRow{EROFS, Code::permission, "the file system is mounted read-only; remount it writable"},
    ErrnoRow{ENOSPC, Code::exhausted, "free disk space or inodes (`uprev gc` drops old releases) and try again"},
    ErrnoRow{EDQUOT, Code::exhausted, "raise the disk quota or free space and try again"},
    ErrnoRow{ENOMEM, Code::exhausted, "free memory and try again"},
    ErrnoRow{EMFILE, Code::exhausted, "raise the limit of open files"},
    ErrnoRow{ENFILE, Code::exhausted, "raise the limit of open files"},
    ErrnoRow{EAGAIN, Code::exhausted, "too many processes or threads; free some and try again"},
    ErrnoRow{EEXIST, Code::conflict, ""},
    ErrnoRow{ENOTEMPTY, Code::conflict, ""},
    ErrnoRow{EBUSY, Code::conflict, "something is mounted there or uses it"},
    ErrnoRow{ELOOP, Code::refused, "a symlink stands where none is followed; name the real path"},
    ErrnoRow{EXDEV, Code::refused, "it leaves its file system or its root; name a path that doesn't"},
    ErrnoRow{ENOTDIR, Code::invalid, ""},
    ErrnoRow{EISDIR, Code::invalid, ""},
    ErrnoRow{ENAMETOOLONG, Code::invalid, ""},
    ErrnoRow{EINVAL, Code::invalid, ""},
    ErrnoRow{EIO, Code::corrupt, "the disk reports errors; look at the kernel log"},
};
}  // namespace

void Descriptor::reset(int fd) {
    if (fd_ >= 0) {
        const int kept = errno;
        ::close(fd_);
        errno = kept;
    }
    fd_ = fd;
}

std::string errno_text(int error) {
    const char* words = ::strerrordesc_np(error);
    std::string text = words != nullptr ? words : "error " + std::to_string(error);
    // "Input/output error" but not "RPC struct is bad": only a capital that a small letter follows.
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0)
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

Error system_error(int error, const std::string& what) {
    for (const auto& row : errno_rows)
        if (row.error == error) return fail(row.code, what + ": " + errno_text(error), row.hint);
    return fail(Code::failed, what + ": " + errno_text(error));
}

int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

Result<std::string> read_all(int fd, std::uint64_t limit, const std::string& what) {
    std::string out;
    char block[65536];
    for (;;) {
        const ssize_t got = ::read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "cannot read " + what);
        if (got == 0) return out;
        out.append(block, static_cast<std::size_t>(got));
        if (out.size() > limit) return fail(Code::exhausted, what + " is longer than " + std::to_string(limit) + " bytes");
    }
}

std::string read_small(const char* path) {
    const Descriptor fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return {};
    auto text = read_all(fd.get(), 1U << 20U, path);
    return text ? *std::move(text) : std::string();
}

std::string random_name() {
    unsigned char bytes[8];
    while (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    }
    std::string name;
    for (const unsigned char byte : bytes) {
        name += "0123456789abcdef"[byte >> 4U];
        name += "0123456789abcdef"[byte & 15U];
    }
    return name;
}

}  // namespace uprev::os
