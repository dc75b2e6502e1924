// SPDX-License-Identifier: Apache-2.0
#include "os/shim_record.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace uprev::os {

namespace {
constexpr const char* pending_result = "result.new";

int write_whole(int fd, const char* bytes, size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes += written;
        size -= static_cast<size_t>(written);
    }
    return 0;
}

int write_file(int folder, const char* name, int flags, const char* text, size_t size, bool durable) {
    const int fd = ::openat(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
    if (fd < 0) return errno;
    int error = write_whole(fd, text, size);
    if (error == 0 && (flags & O_EXCL) == 0 && ::ftruncate(fd, static_cast<off_t>(size)) != 0) error = errno;
    if (error == 0 && durable && ::fsync(fd) != 0) error = errno;
    ::close(fd);
    return error;
}
}  // namespace

int write_started(int folder, const ShimIdentity& who, bool keep_stragglers, bool durable) {
    char text[512];
    const int size = ::snprintf(text, sizeof text,
                                "{\"boot\":\"%s\",\"pid\":%d,\"start\":%llu,\"child\":%d,\"child_start\":%llu,\"keep_stragglers\":%s}\n", who.boot,
                                who.shim.pid, static_cast<unsigned long long>(who.shim.start), who.child.pid,
                                static_cast<unsigned long long>(who.child.start), keep_stragglers ? "true" : "false");
    int error = write_file(folder, "started.json", O_EXCL, text, static_cast<size_t>(size), durable);
    if (error == 0 && durable && ::fsync(folder) != 0) error = errno;
    return error;
}

int reserve_result(int folder) {
    const int fd = ::openat(folder, pending_result, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    int error = ::fallocate(fd, 0, 0, 1024) == 0 ? 0 : errno;
    if (error == EOPNOTSUPP || error == ENOSYS) error = 0;
    ::close(fd);
    return error;
}

int write_result(int folder, const ShimIdentity& who, const ShimReport& report, bool durable) {
    char text[640];
    const int size =
        ::snprintf(text, sizeof text,
                   "{\"boot\":\"%s\",\"pid\":%d,\"start\":%llu,\"exit\":%d,\"signal\":%d,\"expired\":%s,\"took_ms\":%lld,\"bytes\":%llu,"
                   "\"dropped\":%llu,\"stragglers\":%llu,\"not_started\":%d}\n",
                   who.boot, who.shim.pid, static_cast<unsigned long long>(who.shim.start), report.exit_code, report.signal,
                   report.expired != 0 ? "true" : "false", static_cast<long long>(report.took_ms), static_cast<unsigned long long>(report.kept),
                   static_cast<unsigned long long>(report.dropped), static_cast<unsigned long long>(report.stragglers),
                   report.state == ShimState::not_started ? report.error : 0);
    int error = write_file(folder, pending_result, 0, text, static_cast<size_t>(size), durable);
    if (error == 0 && ::renameat(folder, pending_result, folder, "result.json") != 0) error = errno;
    if (error == 0 && durable && ::fsync(folder) != 0) error = errno;
    return error;
}

int ShimLog::open(int folder, uint64_t limit) {
    limit_ = limit;
    fd_ = ::openat(folder, "output.log", O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd_ < 0 ? errno : 0;
}

void ShimLog::write(const char* bytes, size_t size) {
    const uint64_t room = limit_ - kept_;
    size_t taken = size < room ? size : static_cast<size_t>(room);
    // A full disk must not stop the command: what finds no room is counted like what is over the limit.
    if (taken > 0 && write_whole(fd_, bytes, taken) != 0) taken = 0;
    kept_ += taken;
    dropped_ += size - taken;
}

}  // namespace uprev::os
