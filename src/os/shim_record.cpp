// SPDX-License-Identifier: Apache-2.0
#include "os/shim_record.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>  // renameat
#include <unistd.h>

#include "os/decimal.hpp"

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
    char space[512];
    TextLine line(space, sizeof space);
    line.text("{\"boot\":\"").text(who.boot).text("\",\"pid\":").number(who.shim.pid).text(",\"start\":").natural(who.shim.start);
    line.text(",\"child\":").number(who.child.pid).text(",\"child_start\":").natural(who.child.start);
    line.text(",\"keep_stragglers\":").text(keep_stragglers ? "true" : "false").text("}\n");
    int error = write_file(folder, "started.json", O_EXCL, line.c_str(), line.size(), durable);
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
    char space[640];
    TextLine line(space, sizeof space);
    line.text("{\"boot\":\"").text(who.boot).text("\",\"pid\":").number(who.shim.pid).text(",\"start\":").natural(who.shim.start);
    line.text(",\"exit\":").number(report.exit_code).text(",\"signal\":").number(report.signal);
    line.text(",\"expired\":").text(report.expired != 0 ? "true" : "false").text(",\"took_ms\":").number(report.took_ms);
    line.text(",\"bytes\":").natural(report.kept).text(",\"dropped\":").natural(report.dropped);
    line.text(",\"stragglers\":").natural(report.stragglers);
    line.text(",\"not_started\":").number(report.state == ShimState::not_started ? report.error : 0).text("}\n");
    int error = write_file(folder, pending_result, 0, line.c_str(), line.size(), durable);
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
