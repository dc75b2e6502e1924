// SPDX-License-Identifier: Apache-2.0
// Processes over the shim: the order goes into a memory file, the shim is spawned, and its report is read when it has ended.
#include "os/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/units.hpp"
#include "os/identity.hpp"
#include "os/launch.hpp"
#include "os/linux.hpp"
#include "os/masking.hpp"
#include "os/record.hpp"
#include "os/shim_spec.hpp"

namespace uprev::os {

namespace {
using std::chrono::milliseconds;

void put_text(std::string& out, std::string_view text) {
    const std::uint64_t size = text.size();
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(text);
    out.push_back('\0');
}

std::vector<std::string> marked_environment(const Command& command) {
    auto out = environment_of(command);
    if (command.durable_result) out.push_back(run_marker(command.record));
    return out;
}

std::string order_of(const Command& command, const std::optional<Account>& account, const std::string& boot) {
    const auto masks = mask_forms(command.masked);
    const auto env = marked_environment(command);
    ShimNumbers numbers;
    numbers.limit_ms = command.limit.count();
    numbers.output_limit = command.output_limit;
    numbers.keep_stragglers = command.keep_stragglers ? 1 : 0;
    numbers.durable = command.durable_result ? 1 : 0;
    if (account) {
        numbers.change_user = 1;
        numbers.uid = account->uid;
        numbers.gid = account->gid;
        numbers.groups = static_cast<std::uint32_t>(account->groups.size());
    }
    numbers.argv = static_cast<std::uint32_t>(command.argv.size());
    numbers.env = static_cast<std::uint32_t>(env.size());
    numbers.masks = static_cast<std::uint32_t>(masks.size());
    std::string out(shim_spec_offset, '\0');
    out.append(reinterpret_cast<const char*>(&numbers), sizeof numbers);
    if (account) out.append(reinterpret_cast<const char*>(account->groups.data()), account->groups.size() * sizeof(gid_t));
    put_text(out, boot);
    put_text(out, command.cwd.string());
    put_text(out, search_path(command));
    for (const auto* list : {&command.argv, &env, &masks})
        for (const auto& text : *list) put_text(out, text);
    return out;
}

Result<Descriptor> memory_of(const std::string& bytes) {
    Descriptor memory(::memfd_create("uprev-order", MFD_CLOEXEC));
    if (!memory) return system_error(errno, "cannot make a memory file");
    if (const int error = write_all(memory.get(), bytes); error != 0) return system_error(error, "cannot fill a memory file");
    return memory;
}

// Source descriptors are moved above the numbers that the shim expects, so that placing one can't overwrite another.
Result<Descriptor> out_of_the_way(int fd) {
    Descriptor moved(::fcntl(fd, F_DUPFD_CLOEXEC, 16));
    if (!moved) return system_error(errno, "cannot duplicate a descriptor");
    return moved;
}

class SpawnActions {
   public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t all;
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &all);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        // Our own streams stay ours: whoever waits for their end must not wait for the shim.
        ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, 0, 1);
        ::posix_spawn_file_actions_adddup2(&actions_, 0, 2);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    void give(int fd, int as) { ::posix_spawn_file_actions_adddup2(&actions_, fd, as); }
    Result<pid_t> spawn(const Path& program) {
        char name[] = "uprev-shim";
        char* argv[] = {name, nullptr};
        char* env[] = {nullptr};
        pid_t pid = -1;
        const int error = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, env);
        if (error != 0) {
            Error out = system_error(error, "cannot start the shim '" + program.string() + "'");
            out.hint = "uprev-shim belongs beside uprev or in ../libexec/uprev; install uprev again";
            return out;
        }
        return pid;
    }

   private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

class ShimProcesses final : public Processes {
   public:
    ShimProcesses(Path shim, int lock_fd) : shim_(std::move(shim)), lock_fd_(lock_fd) {}

    Result<Outcome> run(const Command& command, const std::function<bool()>& cancel) override {
        TRY_VOID(check_command(command));
        const auto account = TRY(account_for(command));
        Descriptor record = TRY(open_record(command.record));
        const Descriptor order = TRY(memory_of(order_of(command, account, boot_)));
        const pid_t pid = TRY(spawn(command, order, record));
        const int status = wait_for(pid, cancel);
        ShimReport report;
        if (::pread(order.get(), &report, sizeof report, 0) != static_cast<ssize_t>(sizeof report)) report = {};
        if (report.state == ShimState::not_started)
            return start_error(command, static_cast<BecomeStage>(report.stage), report.error);
        if (report.state == ShimState::finished) return outcome_of(command, report, record.get());
        return lost(command, status, std::move(record));
    }

    Result<Recorded> recorded(const Path& record) const override { return read_record(record); }

    Result<Recorded> settle(const Path& record, bool end, milliseconds limit) override {
        return settle_record(record, end, limit);
    }

   private:
    Result<pid_t> spawn(const Command& command, const Descriptor& order, const Descriptor& record) const {
        const Descriptor input = TRY(input_of(command));
        const Descriptor a = TRY(out_of_the_way(order.get()));
        const Descriptor b = TRY(out_of_the_way(record.get()));
        const Descriptor c = TRY(out_of_the_way(input.get()));
        Descriptor d;
        SpawnActions actions;
        actions.give(a.get(), shim_spec_fd);
        actions.give(b.get(), shim_record_fd);
        actions.give(c.get(), shim_input_fd);
        if (lock_fd_ >= 0) {
            d = TRY(out_of_the_way(lock_fd_));
            actions.give(d.get(), shim_lock_fd);
        }
        return actions.spawn(shim_);
    }

    // The shim's status. Without `cancel` one blocking call; with it, a look every 20 ms.
    static int wait_for(pid_t pid, const std::function<bool()>& cancel) {
        int status = 0;
        const Descriptor fd(cancel ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
        for (bool asked = false; fd;) {
            pollfd watched{fd.get(), POLLIN, 0};
            if (::poll(&watched, 1, 20) > 0) break;
            if (asked || !cancel()) continue;
            ::kill(pid, shim_end_signal);  // our child, not yet waited for: the number is still its own
            asked = true;
        }
        while (::waitpid(pid, &status, 0) < 0)
            if (errno != EINTR) return 0;
        return status;
    }

    static Outcome outcome_of(const Command& command, const ShimReport& report, int record) {
        Outcome out;
        out.exit_code = report.exit_code;
        out.signal = report.signal;
        out.expired = report.expired != 0;
        out.took = milliseconds(report.took_ms);
        out.tail = read_tail(record);
        // A daemon writes to the log itself, past the shim's masks.
        if (command.keep_stragglers) out.tail = mask_literally(out.tail, mask_forms(command.masked));
        return out;
    }

    // The shim ended without a word: killed, or it never understood its order.
    static Result<Outcome> lost(const Command& command, int status, Descriptor record) {
        record.reset();  // or our own lock on it would look like a run
        const auto left = settle_record(command.record, true, milliseconds(2000));
        if (left && left->state == RecordState::finished) return left->outcome;
        const std::string how = WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                                    : "ended with " + std::to_string(WEXITSTATUS(status));
        return fail(Code::interrupted, "the shim of '" + command.argv[0] + "' was " + how + "; what the command did is not known",
                    "look at its log in '" + command.record.string() + "'");
    }

    Path shim_;
    int lock_fd_;
    std::string boot_ = boot_id();
};

Path find_shim() {
    std::error_code error;
    const Path self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const Path beside = self / "uprev-shim";
    if (std::filesystem::exists(beside, error)) return beside;
    return (self / "../libexec/uprev/uprev-shim").lexically_normal();
}
}  // namespace

std::string Outcome::describe() const {
    if (expired) return "still running after " + human_duration(took);
    if (signal != 0) return "killed by signal " + std::to_string(signal);
    return "exit code " + std::to_string(exit_code);
}

std::unique_ptr<Processes> make_processes(Path shim, int lock_fd) {
    return std::make_unique<ShimProcesses>(shim.empty() ? find_shim() : std::move(shim), lock_fd);
}

}  // namespace uprev::os
