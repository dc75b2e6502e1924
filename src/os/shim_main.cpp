// SPDX-License-Identifier: Apache-2.0
// uprev-shim: runs one command and outlives the uprev that asked for it. Its order comes in a memory file (shim_spec.hpp).
// It is linked statically against shim_runtime.cpp alone, because it starts once per command and must cost next to nothing.
// It runs in a session of its own with every signal blocked: a terminal, a hang-up or a shutdown's SIGTERM doesn't end it
// before it has recorded what became of its child.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/become.hpp"
#include "os/mask_stream.hpp"
#include "os/shim_record.hpp"
#include "os/shim_spec.hpp"

namespace uprev::os {
namespace {

constexpr int64_t never = INT64_MAX;
constexpr int64_t grace_ms = 10'000;           // between SIGTERM and SIGKILL when the limit has run out
constexpr int64_t straggler_grace_ms = 2'000;  // the same for what a finished command left behind
constexpr int64_t unkillable_ms = 5'000;       // then they are left: they hang in the kernel, or belong to another user

int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

struct Order {
    ShimReport* report = nullptr;
    ShimNumbers numbers;
    ShimIdentity who;
    Becoming child;
    MaskStream::Pattern* masks = nullptr;
};

// Points into the memory file; nothing is copied but pointers.
bool read_order(Order& order) {
    struct stat about {};
    if (::fstat(shim_spec_fd, &about) != 0 || about.st_size < static_cast<off_t>(shim_spec_offset + sizeof(ShimNumbers)))
        return false;
    void* memory = ::mmap(nullptr, static_cast<size_t>(about.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, shim_spec_fd, 0);
    if (memory == MAP_FAILED) return false;
    order.report = static_cast<ShimReport*>(memory);
    char* at = static_cast<char*>(memory) + shim_spec_offset;
    ::memcpy(&order.numbers, at, sizeof order.numbers);
    at += sizeof order.numbers;
    const ShimNumbers& numbers = order.numbers;
    if (numbers.magic != shim_magic) return false;

    order.child.change_user = numbers.change_user != 0;
    order.child.uid = numbers.uid;
    order.child.gid = numbers.gid;
    order.child.groups = reinterpret_cast<const gid_t*>(at);
    order.child.group_count = numbers.groups;
    ShimTexts texts(at + numbers.groups * sizeof(gid_t));
    order.who.boot = texts.next();
    order.child.cwd = texts.next();
    order.child.search = texts.next();
    auto** words = static_cast<char**>(::calloc(numbers.argv + numbers.env + 2, sizeof(char*)));
    order.masks = static_cast<MaskStream::Pattern*>(::calloc(numbers.masks + 1, sizeof(MaskStream::Pattern)));
    if (words == nullptr || order.masks == nullptr) return false;
    for (uint32_t i = 0; i < numbers.argv; ++i) words[i] = texts.next();
    order.child.argv = words;
    words += numbers.argv + 1;
    for (uint32_t i = 0; i < numbers.env; ++i) words[i] = texts.next();
    order.child.env = words;
    for (uint32_t i = 0; i < numbers.masks; ++i) order.masks[i].bytes = texts.next(&order.masks[i].size);
    return true;
}

class Shim {
   public:
    explicit Shim(Order& order)
        : order_(order), masks_(order.masks, order.numbers.masks), keep_(order.numbers.keep_stragglers != 0) {}

    void run() {
        BecomeError error = prepare();
        if (error.error == 0) error = start();
        if (error.error != 0) return not_started(error);
        watch();
        drain();
        masks_.finish([this](const char* bytes, size_t size) { log_.write(bytes, size); });
        finished();
    }

   private:
    BecomeError prepare() {
        read_stat(0, order_.who.shim);
        if (const int error = log_.open(shim_record_fd, order_.numbers.output_limit); error != 0)
            return {BecomeStage::record, error};
        if (order_.numbers.durable != 0)
            if (const int error = reserve_result(shim_record_fd); error != 0) return {BecomeStage::record, error};
        sigset_t watched;
        ::sigemptyset(&watched);
        ::sigaddset(&watched, SIGCHLD);
        ::sigaddset(&watched, shim_end_signal);
        signals_ = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
        int ends[2] = {-1, -1};
        if (signals_ < 0 || ::pipe2(ends, O_CLOEXEC) != 0) return {BecomeStage::streams, errno};
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        output_ = ends[0];
        entry_ = ends[1];
        return {};
    }

    // The child writes its own record before it becomes the command: until exec we are suspended, so nothing else has to wait.
    BecomeError start() {
        order_.child.in = shim_input_fd;
        // A daemon that is to stay must not die of a pipe that ends with us: it writes to the log itself.
        order_.child.out = order_.child.err = keep_ ? log_.fd() : entry_;
        order_.child.die_with = keep_ ? 0 : ::getpid();
        BecomeError error;
        began_ = now_ms();
        // The child fills `error` in our memory, which the compiler can't see by itself.
        asm volatile("" : : "r"(&error), "r"(this) : "memory");
        child_ = ::vfork();
        if (child_ == 0) run_child(error);
        asm volatile("" : : "r"(&error), "r"(this) : "memory");
        if (child_ < 0) return {BecomeStage::program, errno};
        ::close(entry_);
        if (error.error != 0) ::waitpid(child_, nullptr, 0);
        return error;
    }

    [[noreturn, gnu::noinline]] void run_child(BecomeError& error) {
        read_stat(0, order_.who.child);
        error.error = write_started(shim_record_fd, order_.who, keep_, order_.numbers.durable != 0);
        if (error.error != 0) {
            error.stage = BecomeStage::record;
            ::_exit(127);
        }
        become(order_.child, error);
    }

    void watch() {
        if (order_.numbers.limit_ms > 0) limit_at_ = began_ + order_.numbers.limit_ms;
        while (!done_) {
            pollfd watched[2] = {{signals_, POLLIN, 0}, {output_, POLLIN, 0}};
            const int64_t next = limit_at_ < kill_at_ ? limit_at_ : kill_at_;
            const int64_t wait = next == never ? -1 : next - now_ms();
            ::poll(watched, 2, next == never ? -1 : (wait < 0 ? 0 : (wait > 60'000 ? 60'000 : static_cast<int>(wait))));
            if (watched[1].revents != 0) read_output();
            if (watched[0].revents != 0) read_signals();
            reap();
            enforce();
        }
    }

    void read_signals() {
        signalfd_siginfo info{};
        while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
            if (info.ssi_signo == static_cast<uint32_t>(shim_end_signal) && child_ != -1) limit_at_ = 0;
    }

    void read_output() {
        const ssize_t got = ::read(output_, block_, sizeof block_);
        if (got > 0) return show(static_cast<size_t>(got));
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        ::close(output_);  // poll passes over a negative descriptor
        output_ = -1;
    }

    void show(size_t size) {
        masks_.feed(block_, size, [this](const char* bytes, size_t length) { log_.write(bytes, length); });
    }

    // As a subreaper we are, in the end, the parent of everything that the command started: no child left means nothing left.
    void reap() {
        int status = 0;
        pid_t ended = 0;
        while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != child_) continue;
            child_ = -1;
            order_.report->took_ms = now_ms() - began_;
            order_.report->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            order_.report->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            if (!expired_) limit_at_ = never;
        }
        if (child_ != -1) return;
        done_ = keep_ && !expired_ ? true : ended < 0 && errno == ECHILD;
        if (done_ || ending_) return;
        ending_ = true;
        order_.report->stragglers = signal_descendants(::getpid(), SIGTERM);
        kill_at_ = now_ms() + straggler_grace_ms;
    }

    void enforce() {
        if (done_) return;
        const int64_t now = now_ms();
        if (now >= limit_at_) {
            limit_at_ = never;
            expired_ = ending_ = true;
            signal_descendants(::getpid(), SIGTERM);
            if (kill_at_ == never) kill_at_ = now + grace_ms;
        }
        if (now < kill_at_) return;
        if (give_up_at_ == never) give_up_at_ = now + unkillable_ms;
        signal_descendants(::getpid(), SIGKILL);
        kill_at_ = now + 10;
        done_ = now >= give_up_at_;
    }

    // What was written before the last process ended is still in the pipe. Bounded: somebody outside may hold the other end.
    void drain() {
        for (size_t left = size_t{16} << 20U; output_ >= 0 && left > 0;) {
            const ssize_t got = ::read(output_, block_, sizeof block_);
            if (got <= 0) break;
            show(static_cast<size_t>(got));
            left -= static_cast<size_t>(got) < left ? static_cast<size_t>(got) : left;
        }
    }

    void not_started(const BecomeError& error) {
        ShimReport& report = *order_.report;
        report.state = ShimState::not_started;
        report.stage = static_cast<int32_t>(error.stage);
        report.error = error.error;
        report.exit_code = 127;
        // Without started.json nothing has happened, and the record says so by not being there.
        if (error.stage == BecomeStage::record)
            ::unlinkat(shim_record_fd, "started.json", 0);
        else
            report.unrecorded = write_result(shim_record_fd, order_.who, report, order_.numbers.durable != 0);
    }

    void finished() {
        ShimReport& report = *order_.report;
        if (child_ != -1) report.exit_code = -1, report.signal = SIGKILL, report.took_ms = now_ms() - began_;
        report.expired = expired_ ? 1 : 0;
        report.kept = log_.kept();
        report.dropped = log_.dropped();
        report.unrecorded = write_result(shim_record_fd, order_.who, report, order_.numbers.durable != 0);
        report.state = ShimState::finished;
    }

    Order& order_;
    MaskStream masks_;
    ShimLog log_;
    bool keep_;
    int signals_ = -1;
    int output_ = -1;  // our end of the pipe
    int entry_ = -1;   // the child's end
    pid_t child_ = -1;
    int64_t began_ = 0;
    int64_t limit_at_ = never;
    int64_t kill_at_ = never;
    int64_t give_up_at_ = never;
    bool ending_ = false;
    bool expired_ = false;
    bool done_ = false;
    char block_[65536];
};

int shim() {
    ::setsid();  // fine when we lead one already
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    // The lock and the rest stay with us and end with us: nothing is passed on, nothing else is kept.
    ::syscall(SYS_close_range, static_cast<unsigned>(shim_lock_fd + 1), ~0U, 0U);
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_DUMPABLE, 0);  // memory holds secrets: no core file, no reading by others
    ::umask(077);
    if (::chdir("/") != 0) return 1;
    Order order;
    if (!read_order(order)) return 2;
    Shim(order).run();
    return 0;
}

}  // namespace
}  // namespace uprev::os

int main() { return uprev::os::shim(); }
