// SPDX-License-Identifier: Apache-2.0
// capture: a short tool, its output in memory. No shim: the tool dies with the thread that waits for it.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "os/clock.hpp"
#include "os/launch.hpp"
#include "os/masking.hpp"
#include "os/process_tree.hpp"

namespace uprev::os {

namespace {
using std::chrono::milliseconds;
constexpr std::size_t output_cap = 16U << 20U;  // bytes of each stream
constexpr milliseconds grace{10'000};           // between SIGTERM and SIGKILL
constexpr milliseconds cancel_every{20};
constexpr milliseconds linger{500};  // for the last bytes of what a finished tool left behind

struct Pipe {
    Descriptor read;
    Descriptor write;
};

Result<Pipe> make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

// Until the child has become its program, this thread stands still and the child works in our memory.
[[gnu::noinline]] pid_t spawn(const Becoming& becoming, BecomeError& error) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // a handler of ours must not run in the child
    asm volatile("" : : "r"(&error) : "memory");
    const pid_t pid = ::vfork();
    if (pid == 0) become(becoming, error);
    asm volatile("" : : "r"(&error) : "memory");
    const int kept = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = kept;
    return pid;
}

class Watch {
   public:
    Watch(pid_t pid, Descriptor out, Descriptor err, const Command& command, const std::function<bool()>& cancel)
        : pid_(pid),
          done_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
          streams_{std::move(out), std::move(err)},
          began_(clock_.steady()),
          keep_(command.keep_stragglers),
          cancel_(cancel) {
        if (command.limit.count() > 0) end_at_ = began_ + command.limit;
    }

    Captured run() {
        while (!finished()) {
            pollfd watched[3] = {
                {streams_[0].get(), POLLIN, 0}, {streams_[1].get(), POLLIN, 0}, {exited_ ? -1 : done_.get(), POLLIN, 0}};
            ::poll(watched, 3, timeout());
            for (int i = 0; i < 2; ++i)
                if (watched[i].revents != 0) read(i);
            if (!exited_) reap();
            enforce();
        }
        if (!keep_) ::kill(-pid_, SIGKILL);  // what is left of its process group
        return std::move(captured_);
    }
    [[nodiscard]] bool too_long() const { return too_long_; }

   private:
    [[nodiscard]] bool finished() const {
        if (!exited_) return false;
        return (!streams_[0] && !streams_[1]) || clock_.steady() >= leave_at_;
    }
    [[nodiscard]] int timeout() const {
        if (cancel_ && !exited_) return static_cast<int>(cancel_every.count());
        const milliseconds next = exited_ ? leave_at_ : std::min(end_at_, kill_at_);
        if (next == milliseconds::max()) return done_ ? -1 : 10;
        return static_cast<int>(std::clamp<std::int64_t>((next - clock_.steady()).count(), 0, done_ ? 60'000 : 10));
    }
    void read(int i) {
        char block[65536];
        const ssize_t got = ::read(streams_[i].get(), block, sizeof block);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return streams_[i].reset();
        std::string& to = i == 0 ? captured_.output : captured_.errors;
        const std::size_t room = output_cap - to.size();
        to.append(block, std::min(room, static_cast<std::size_t>(got)));
        if (static_cast<std::size_t>(got) <= room) return;
        too_long_ = too_long_ || i == 0;
        if (i == 0) end_at_ = milliseconds(0);
    }
    void reap() {
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == 0 || (ended < 0 && errno == EINTR)) return;
        exited_ = true;
        leave_at_ = clock_.steady() + (keep_ ? milliseconds(50) : linger);
        Outcome& outcome = captured_.outcome;
        outcome.exit_code = ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        outcome.signal = ended > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        outcome.took = clock_.steady() - began_;
    }
    void enforce() {
        const auto now = clock_.steady();
        if (exited_) return;
        if (cancel_ && kill_at_ == milliseconds::max() && cancel_()) end_at_ = now;
        if (now >= end_at_) {
            end_at_ = milliseconds::max();
            kill_at_ = now + grace;
            captured_.outcome.expired = !too_long_;
            end(SIGTERM);
        }
        if (now < kill_at_) return;
        end(SIGKILL);
        kill_at_ = now + milliseconds(50);
    }
    void end(int signal) const {
        if (!keep_) signal_descendants(pid_, signal);
        ::kill(-pid_, signal);
    }

    SystemClock clock_;
    pid_t pid_;
    Descriptor done_;
    Descriptor streams_[2];
    milliseconds began_;
    milliseconds end_at_ = milliseconds::max();
    milliseconds kill_at_ = milliseconds::max();
    milliseconds leave_at_ = milliseconds::max();
    bool keep_;
    std::function<bool()> cancel_;
    bool exited_ = false;
    bool too_long_ = false;
    Captured captured_;
};
}  // namespace

Result<Captured> capture(const Command& command) { return capture(command, {}); }

Result<Captured> capture(const Command& command, const std::function<bool()>& cancel) {
    TRY_VOID(check_command(command));
    const auto account = TRY(account_for(command));
    const Descriptor input = TRY(input_of(command));
    Pipe out = TRY(make_pipe());
    Pipe err = TRY(make_pipe());
    std::vector<std::string> argv = command.argv;
    std::vector<std::string> env = environment_of(command);
    const auto argv_pointers = pointers(argv);
    const auto env_pointers = pointers(env);
    const std::string search = search_path(command);

    Becoming becoming;
    becoming.argv = argv_pointers.data();
    becoming.env = env_pointers.data();
    becoming.cwd = command.cwd.c_str();
    becoming.search = search.c_str();
    if (account) {
        becoming.change_user = true;
        becoming.uid = account->uid;
        becoming.gid = account->gid;
        becoming.groups = account->groups.data();
        becoming.group_count = account->groups.size();
    }
    becoming.in = command.input_fd >= 0 ? command.input_fd : input.get();
    becoming.out = command.output_fd >= 0 ? command.output_fd : out.write.get();
    becoming.err = err.write.get();
    becoming.die_with = ::getpid();
    BecomeError error;
    const pid_t pid = spawn(becoming, error);
    if (pid < 0) return system_error(errno, "cannot start '" + command.argv[0] + "'");
    if (error.error != 0) {
        ::waitpid(pid, nullptr, 0);
        return start_error(command, error.stage, error.error);
    }
    out.write.reset();
    err.write.reset();
    Watch watch(pid, std::move(out.read), std::move(err.read), command, cancel);
    Captured captured = watch.run();
    const auto forms = mask_forms(command.masked);
    if (watch.too_long())
        return fail(Code::exhausted, "'" + command.argv[0] + "' printed more than " + std::to_string(output_cap >> 20U) + " MiB");
    captured.errors = mask_literally(captured.errors, forms);
    captured.outcome.tail = mask_literally(captured.output + captured.errors, forms);
    if (captured.outcome.tail.size() > 4096) captured.outcome.tail.erase(0, captured.outcome.tail.size() - 4096);
    return captured;
}

}  // namespace uprev::os
