// SPDX-License-Identifier: Apache-2.0
#include "os/record.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "os/clock.hpp"
#include "os/process_tree.hpp"
#include "os/shim_spec.hpp"

namespace uprev::os {

namespace {
using std::chrono::milliseconds;
constexpr std::size_t tail_size = 4096;

std::string quoted(const Path& path) { return "'" + path.string() + "'"; }

std::optional<std::string> read_file(int folder, const char* name) {
    const Descriptor fd(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return std::nullopt;
    auto text = read_all(fd.get(), 65536, name);
    return text ? std::optional(*std::move(text)) : std::nullopt;
}

bool present(int folder, const char* name) {
    struct stat about {};
    return ::fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

// A document of ours: complete, one object, and every field there. Anything else was torn by a power cut.
class Fields {
   public:
    Fields(int folder, const char* name) {
        const auto text = read_file(folder, name);
        if (!text || text->empty() || text->back() != '\n') return;
        auto json = parse_json(*text, name);
        if (json && json->is_object()) json_ = *std::move(json);
        valid_ = json_.is_object();
    }
    std::int64_t number(const char* key) {
        return at(key, [](const Json& v) { return v.is_number_integer(); }) ? json_[key].get<std::int64_t>() : 0;
    }
    bool flag(const char* key) {
        return at(key, [](const Json& v) { return v.is_boolean(); }) && json_[key].get<bool>();
    }
    std::string word(const char* key) {
        return at(key, [](const Json& v) { return v.is_string(); }) ? json_[key].get<std::string>() : std::string();
    }
    [[nodiscard]] bool valid() const { return valid_; }

   private:
    template <typename Is>
    bool at(const char* key, Is is) {
        const bool good = valid_ && json_.contains(key) && is(json_[key]);
        valid_ = valid_ && good;
        return good;
    }
    Json json_;
    bool valid_ = false;
};

ProcessIdentity identity(Fields& fields, const char* pid, const char* start) {
    return {fields.word("boot"), static_cast<int>(fields.number(pid)), static_cast<std::uint64_t>(fields.number(start))};
}

Result<Descriptor> open_existing(const Path& record) {
    Descriptor folder(::open(record.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return system_error(errno, "cannot open the record " + quoted(record));
    struct stat about {};
    if (::fstat(folder.get(), &about) != 0) return system_error(errno, "cannot examine the record " + quoted(record));
    if (about.st_uid != ::geteuid() || (about.st_mode & 077U) != 0)
        return fail(Code::refused, "the record " + quoted(record) + " belongs to or is open to another user",
                    "remove it, and look who made it");
    return folder;
}

int make_private_folder(const Path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return 0;
    if (errno != ENOENT || path == path.parent_path()) return errno;
    if (const int error = make_private_folder(path.parent_path()); error != 0 && error != EEXIST) return error;
    return ::mkdir(path.c_str(), 0700) == 0 ? 0 : errno;
}

// Held by the parent that prepares a run and then by its shim. Readers take it shared for an instant, hence the tries.
bool lock_for_run(int folder) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (::flock(folder, LOCK_EX | LOCK_NB) == 0) return true;
        SystemClock().sleep(milliseconds(2));
    }
    return false;
}

bool held(int folder) {
    if (::flock(folder, LOCK_SH | LOCK_NB) != 0) return true;
    ::flock(folder, LOCK_UN);
    return false;
}

bool going_on(int folder, const std::optional<StartedRecord>& started) {
    // A child may outlast its killed shim by an instant; a daemon is meant to.
    return held(folder) || (started && (alive(started->shim) || (!started->keep_stragglers && alive(started->child))));
}

Recorded state_of(int folder) {
    for (bool again = true;; again = false) {
        auto result = read_result(folder);
        const auto started = read_started(folder);
        if (result && (!started || started->shim == result->shim)) {
            result->outcome.tail = read_tail(folder);
            return {RecordState::finished, std::move(result->outcome)};
        }
        if (going_on(folder, started)) return {RecordState::running, {}};
        // It may have finished between the two looks.
        if (again) continue;
        const bool begun = started || present(folder, "started.json") || present(folder, "result.json");
        return {begun ? RecordState::interrupted : RecordState::none, {}};
    }
}

void signal_exactly(const ProcessIdentity& process, int signal) {
    const Descriptor fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    // The descriptor is taken before the look, so a number that was given away in between is not hit.
    if (fd && alive(process)) ::syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0);
}

// Processes whose environment, as they were started with it, holds `entry`.
std::size_t kill_marked(const std::string& entry) {
    std::size_t reached = 0;
    std::error_code error;
    for (auto row = std::filesystem::directory_iterator("/proc", error); !error && row != std::filesystem::directory_iterator();
         row.increment(error)) {
        const auto name = row->path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(name), 0)));
        const Descriptor environment(::open((row->path() / "environ").c_str(), O_RDONLY | O_CLOEXEC));
        if (!process || !environment) continue;
        const auto text = read_all(environment.get(), 4U << 20U, "environ");
        const bool ours = text && (std::string(1, '\0') + *text).find('\0' + entry + '\0') != std::string::npos;
        if (ours && ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0) ++reached;
    }
    return reached;
}

// What a killed shim left behind in its session, and what bears the run's marker elsewhere. Declared daemons are left alone.
void sweep(const StartedRecord& started, const Path& record) {
    if (started.keep_stragglers || started.shim.boot != boot_id()) return;
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto reached = signal_session(started.shim.pid, started.shim.start, SIGKILL) + kill_marked(run_marker(record));
        if (reached == 0) return;
        SystemClock().sleep(milliseconds(10));
    }
}
}  // namespace

std::optional<StartedRecord> read_started(int folder) {
    Fields fields(folder, "started.json");
    StartedRecord out{identity(fields, "pid", "start"), identity(fields, "child", "child_start"), fields.flag("keep_stragglers")};
    return fields.valid() ? std::optional(out) : std::nullopt;
}

std::optional<ResultRecord> read_result(int folder) {
    Fields fields(folder, "result.json");
    ResultRecord out{identity(fields, "pid", "start"), {}};
    out.outcome.exit_code = static_cast<int>(fields.number("exit"));
    out.outcome.signal = static_cast<int>(fields.number("signal"));
    out.outcome.expired = fields.flag("expired");
    out.outcome.took = milliseconds(fields.number("took_ms"));
    return fields.valid() ? std::optional(out) : std::nullopt;
}

std::string run_marker(const Path& record) { return "UPREV_RUN=" + record.string(); }

std::string read_tail(int folder) {
    const Descriptor fd(::openat(folder, "output.log", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return {};
    const off_t size = ::lseek(fd.get(), 0, SEEK_END);
    std::string tail(tail_size, '\0');
    const ssize_t got = ::pread(fd.get(), tail.data(), tail.size(), std::max<off_t>(0, size - static_cast<off_t>(tail_size)));
    tail.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return tail;
}

Result<Descriptor> open_record(const Path& record) {
    if (!record.is_absolute()) return fail(Code::bug, "a run needs the absolute path of its record");
    const int made = make_private_folder(record);
    if (made != 0 && made != EEXIST) return system_error(made, "cannot make the record " + quoted(record));
    Descriptor folder = TRY(open_existing(record));
    if (!lock_for_run(folder.get())) return fail(Code::conflict, "a run is going on in " + quoted(record), "wait until it ends");
    if (made == 0) return folder;
    if (const auto started = read_started(folder.get()); started && alive(started->shim))
        return fail(Code::conflict, "a run is going on in " + quoted(record), "wait until it ends");
    // The result first: cut off after it, the earlier run reads as interrupted, never as this one's success.
    for (const char* name : {"result.json", "result.new", "started.json", "output.log"})
        if (::unlinkat(folder.get(), name, 0) != 0 && errno != ENOENT)
            return system_error(errno, "cannot clear the record " + quoted(record));
    return folder;
}

Result<Recorded> read_record(const Path& record) {
    auto folder = open_existing(record);
    if (!folder && folder.error().code == Code::not_found) return Recorded{};
    if (!folder) return std::move(folder).error();
    return state_of(folder->get());
}

Result<Recorded> settle_record(const Path& record, bool end, milliseconds limit) {
    auto folder = open_existing(record);
    if (!folder && folder.error().code == Code::not_found) return Recorded{};
    if (!folder) return std::move(folder).error();
    SystemClock clock;
    const auto until = clock.steady() + limit;
    bool asked = false;
    for (;;) {
        Recorded now = state_of(folder->get());
        const auto started = read_started(folder->get());
        if (now.state == RecordState::interrupted && started) sweep(*started, record);
        if (now.state != RecordState::running) return now;
        if (end && !asked && started) {
            signal_exactly(started->shim, shim_end_signal);
            asked = true;
        }
        if (clock.steady() >= until) {
            if (!end || !started || !alive(started->shim))
                return fail(Code::timeout, "the run in " + quoted(record) + " is still going on", "wait for it, or end it");
            // The shim does not answer: without it the child dies, and the rest is swept.
            signal_exactly(started->shim, SIGKILL);
            clock.sleep(milliseconds(20));
            continue;
        }
        clock.sleep(std::min(milliseconds(10), until - clock.steady()));
    }
}

}  // namespace uprev::os
