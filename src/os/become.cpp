// SPDX-License-Identifier: Apache-2.0
#include "os/become.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace uprev::os {

namespace {
[[noreturn]] void give_up(BecomeError& to, BecomeStage stage, int error) {
    to.stage = stage;
    to.error = error;
    ::_exit(127);
}

// glibc's wrappers would change every thread of the process that lent us its memory.
bool change_user(const Becoming& what) {
    return ::syscall(SYS_setgroups, what.group_count, what.groups) == 0 &&
           ::syscall(SYS_setresgid, what.gid, what.gid, what.gid) == 0 &&
           ::syscall(SYS_setresuid, what.uid, what.uid, what.uid) == 0;
}

// Streams that already lie on 0, 1 or 2 would be overwritten by the others: they are moved out of the way first.
bool take_streams(const Becoming& what) {
    int from[3] = {what.in, what.out, what.err};
    for (int& fd : from)
        if (fd < 3 && (fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) return false;
    for (int i = 0; i < 3; ++i)
        if (::dup2(from[i], i) < 0) return false;
    return ::syscall(SYS_close_range, 3U, ~0U, 0U) == 0;
}

// Straight to the kernel: the C library refuses to touch the two signals that it keeps for itself, and they may arrive ignored.
void default_signals() {
    const unsigned char plain[64] = {};  // the kernel's sigaction, all zero: SIG_DFL
    for (int signal = 1; signal <= 64; ++signal) ::syscall(SYS_rt_sigaction, signal, plain, nullptr, 8UL);
}

void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// execvp's search, in the child's own PATH. A file that is found but may not be run is reported only when no other can.
int run_program(const Becoming& what) {
    const char* program = what.argv[0];
    if (::strchr(program, '/') != nullptr) {
        ::execve(program, what.argv, what.env);
        return errno;
    }
    int worst = ENOENT;
    const size_t length = ::strlen(program);
    for (const char* at = what.search; *program != '\0' && *at != '\0';) {
        const char* end = ::strchrnul(at, ':');
        const auto size = static_cast<size_t>(end - at);
        char path[4096];
        // An empty part would mean the current folder: a release must not choose what runs.
        if (size > 0 && size + 1 + length < sizeof path) {
            ::memcpy(path, at, size);
            path[size] = '/';
            ::memcpy(path + size + 1, program, length + 1);
            ::execve(path, what.argv, what.env);
            if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return errno;
            if (errno == EACCES) worst = EACCES;
        }
        at = *end == ':' ? end + 1 : end;
    }
    return worst;
}
}  // namespace

void become(const Becoming& what, BecomeError& error) {
    default_signals();
    ::setpgid(0, 0);  // a script's `kill 0` must not reach us
    ::umask(022);
    if (what.change_user && !change_user(what)) give_up(error, BecomeStage::user, errno);
    // After the change of user, which would clear it.
    if (what.die_with != 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != what.die_with) give_up(error, BecomeStage::orphaned, ESRCH);
    }
    if (::chdir(what.cwd) != 0) give_up(error, BecomeStage::folder, errno);
    if (!take_streams(what)) give_up(error, BecomeStage::streams, errno);
    unblock_signals();
    give_up(error, BecomeStage::program, run_program(what));
}

const char* become_stage_text(BecomeStage stage) {
    switch (stage) {
        case BecomeStage::record:
            return "cannot write its record";
        case BecomeStage::user:
            return "cannot become its user";
        case BecomeStage::folder:
            return "cannot enter its folder";
        case BecomeStage::streams:
            return "cannot connect its streams";
        case BecomeStage::orphaned:
            return "its parent has ended";
        case BecomeStage::none:
        case BecomeStage::program:
            break;
    }
    return "cannot run it";
}

}  // namespace uprev::os
