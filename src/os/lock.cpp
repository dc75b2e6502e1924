// SPDX-License-Identifier: Apache-2.0
#include "os/lock.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "os/clock.hpp"
#include "os/descriptor.hpp"
#include "os/identity.hpp"

namespace uprev::os {

namespace {
using std::chrono::milliseconds;

// File systems on which flock does not reach, or may not reach, everyone who sees the file.
constexpr std::array<std::uint32_t, 16> shared_file_systems{NFS_SUPER_MAGIC,
                                                            SMB_SUPER_MAGIC,
                                                            0xff534d42 /* cifs */,
                                                            0xfe534d42 /* smb2 */,
                                                            V9FS_MAGIC,
                                                            CODA_SUPER_MAGIC,
                                                            AFS_SUPER_MAGIC,
                                                            AFS_FS_MAGIC,
                                                            0x00c36400 /* ceph */,
                                                            0x0bd00bd0 /* lustre */,
                                                            0x47504653 /* gpfs */,
                                                            0x01161970 /* gfs2 */,
                                                            0x7461636f /* ocfs2 */,
                                                            0x65735546 /* fuse */,
                                                            0x786f4256 /* vboxsf */,
                                                            0xbacbacbc /* vmhgfs */};

Result<> require_local(int fd, const Path& file) {
    struct statfs about {};
    if (::fstatfs(fd, &about) != 0) return system_error(errno, "cannot examine the file system of '" + file.string() + "'");
    const auto magic = static_cast<std::uint32_t>(about.f_type);
    if (std::find(shared_file_systems.begin(), shared_file_systems.end(), magic) == shared_file_systems.end()) return {};
    return fail(Code::refused,
                "the lock '" + file.string() + "' lies on a network or shared file system, where a lock does not keep others out",
                "put the state folder on a local disk (--state)");
}

Result<Descriptor> open_lock(const Path& file, int flags) {
    Descriptor fd(::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!fd) return system_error(errno, "cannot open the lock '" + file.string() + "'");
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return system_error(errno, "cannot examine the lock '" + file.string() + "'");
    if (!S_ISREG(about.st_mode))
        return fail(Code::refused, "the lock '" + file.string() + "' is not a regular file", "remove what stands there");
    TRY_VOID(require_local(fd.get(), file));
    return fd;
}

// A lock on a file that has been replaced meanwhile keeps nobody out.
bool still_there(int fd, const Path& file) {
    struct stat ours {};
    struct stat named {};
    return ::fstat(fd, &ours) == 0 && ::lstat(file.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

struct Note {
    LockHolder holder;
    ProcessIdentity process;
};

// What the holder wrote; empty fields when it hasn't yet, or was cut off in the middle.
Note read_note(int fd) {
    Note note;
    if (::lseek(fd, 0, SEEK_SET) != 0) return note;
    const auto text = read_all(fd, 65536, "the lock");
    if (!text) return note;
    const auto json = parse_json(*text, "lock");
    if (!json || !json->is_object()) return note;
    const auto word = [&](const char* key) {
        return json->contains(key) && (*json)[key].is_string() ? (*json)[key].get<std::string>() : std::string();
    };
    const auto number = [&](const char* key) {
        return json->contains(key) && (*json)[key].is_number_integer() ? (*json)[key].get<std::int64_t>() : 0;
    };
    note.holder = LockHolder{static_cast<int>(number("pid")), word("what"), word("operation"), number("since_ms"), word("user")};
    note.process = ProcessIdentity{word("boot"), note.holder.pid, static_cast<std::uint64_t>(number("start"))};
    return note;
}

Result<> write_note(int fd, const LockHolder& self) {
    const auto process = identify(self.pid > 0 ? self.pid : ::getpid()).value_or(ProcessIdentity{boot_id(), self.pid, 0});
    const Json json{{"pid", process.pid},          {"boot", process.boot},      {"start", process.start}, {"what", self.what},
                    {"operation", self.operation}, {"since_ms", self.since_ms}, {"user", self.user}};
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) return system_error(errno, "cannot write the lock");
    if (const int error = write_all(fd, text); error != 0) return system_error(error, "cannot write the lock");
    return {};
}

Error held_by(const Note& note) {
    std::string text = "another operation holds the lock";
    const LockHolder& who = note.holder;
    if (who.pid > 0) {
        text += ": " + (who.what.empty() ? std::string("an operation") : who.what) + ", pid " + std::to_string(who.pid);
        if (!who.user.empty()) text += " of " + who.user;
        if (who.since_ms > 0) text += ", since " + iso8601(who.since_ms);
        if (!alive(note.process)) text += "; that process is gone, but a command that it started still runs";
    }
    return fail(Code::conflict, text, "wait for it with --wait, or look at `uprev status`");
}

// One try. A reader of `holder` shares the lock for an instant: where sharing works too, nobody holds it for himself.
int try_lock(int fd) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
        if (errno != EWOULDBLOCK && errno != EINTR) return errno;
        if (::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) return EWOULDBLOCK;
        ::flock(fd, LOCK_UN);
        SystemClock().sleep(milliseconds(1));
    }
    return EWOULDBLOCK;
}
}  // namespace

Result<Lock> Lock::acquire(const Path& file, const LockHolder& self, milliseconds wait,
                           const std::function<void(const LockHolder&)>& waiting) {
    SystemClock clock;
    const auto began = clock.steady();
    auto told = began - milliseconds(1000);
    for (;;) {
        Descriptor fd = TRY(open_lock(file, O_RDWR | O_CREAT));
        const int error = try_lock(fd.get());
        if (error == 0 && !still_there(fd.get(), file)) continue;
        if (error == 0) {
            Lock lock(fd.release());
            TRY_VOID(lock.describe(self));
            return lock;
        }
        if (error != EWOULDBLOCK) return system_error(error, "cannot lock '" + file.string() + "'");
        const Note note = read_note(fd.get());
        const auto now = clock.steady();
        if (now - began >= wait) return held_by(note);
        if (waiting && now - told >= milliseconds(1000)) {
            told = now;
            waiting(note.holder);
        }
        clock.sleep(std::min(milliseconds(50), wait - (now - began)));
    }
}

Result<LockHolder> Lock::holder(const Path& file) {
    const Descriptor fd = TRY(open_lock(file, O_RDONLY));
    if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return fail(Code::not_found, "nobody holds the lock '" + file.string() + "'");
    if (errno != EWOULDBLOCK) return system_error(errno, "cannot examine the lock '" + file.string() + "'");
    return read_note(fd.get()).holder;
}

Lock::Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

// Only closes: a shim that still runs keeps the lock, and the note in the file goes on telling why.
Lock::~Lock() {
    if (fd_ >= 0) ::close(fd_);
}

Result<> Lock::describe(const LockHolder& self) { return write_note(fd_, self); }

Result<Descriptor> lock_folder(const Path& folder, const std::string& what) {
    Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_error(errno, "cannot open " + what + " '" + folder.string() + "'");
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(Code::conflict, "another uprev is at work on " + what + " '" + folder.string() + "'",
                    "wait until it ends; 'uprev status' of whoever runs it says more");
    return fd;
}

}  // namespace uprev::os
