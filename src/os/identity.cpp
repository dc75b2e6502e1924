// SPDX-License-Identifier: Apache-2.0
#include "os/identity.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "os/accounts.hpp"
#include "os/descriptor.hpp"
#include "os/process_tree.hpp"

namespace uprev::os {

std::string machine_id() {
    for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
        const std::string text = read_small(path);
        const auto id = trim(text);
        // systemd writes "uninitialized" into images whose first boot is still to come.
        if (!id.empty() && id != "uninitialized") return std::string(id);
    }
    return "unknown";
}

std::string boot_id() {
    const std::string text = read_small("/proc/sys/kernel/random/boot_id");
    return std::string(trim(text));
}

std::optional<ProcessIdentity> identify(int pid) {
    ProcessStat stat;
    if (!read_stat(pid, stat)) return std::nullopt;
    return ProcessIdentity{boot_id(), pid, stat.start};
}

std::chrono::milliseconds started(const ProcessIdentity& process) {
    return std::chrono::milliseconds(process.start * 1'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

bool alive(const ProcessIdentity& process) {
    ProcessStat stat;
    return process.pid > 0 && read_stat(process.pid, stat) && stat.start == process.start && stat.state != 'Z' &&
           stat.state != 'X' && process.boot == boot_id();
}

namespace {
User user_of(const passwd& entry) { return User{entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir}; }

// `look` is getpwnam_r or getpwuid_r with its key bound.
template <typename Look>
Result<User> look_up(const std::string& who, Look look) {
    std::vector<char> space(16384);
    passwd entry{};
    passwd* found = nullptr;
    int error = 0;
    while ((error = look(&entry, space.data(), space.size(), &found)) == ERANGE && space.size() < (1U << 22U))
        space.resize(space.size() * 2);
    if (found != nullptr) return user_of(*found);
    if (error != 0 && error != ENOENT && error != ESRCH) return system_error(error, "cannot look up user " + who);
    return fail(Code::not_found, "there is no user " + who, "create the account, or correct `user:` in the site file");
}
}  // namespace

Result<User> find_user(const std::string& name) {
    if (name.empty()) return current_user();
    return look_up("'" + excerpt(name) + "'", [&](passwd* entry, char* space, std::size_t size, passwd** found) {
        return ::getpwnam_r(name.c_str(), entry, space, size, found);
    });
}

User current_user() {
    const uid_t uid = ::geteuid();
    auto user = look_up(std::to_string(uid), [&](passwd* entry, char* space, std::size_t size, passwd** found) {
        return ::getpwuid_r(uid, entry, space, size, found);
    });
    // An account without an entry (a container's random uid) still is somebody.
    return user ? *std::move(user) : User{std::to_string(uid), uid, ::getegid(), "/"};
}

bool is_root() { return ::geteuid() == 0; }

Result<Account> find_account(const std::string& name) {
    const User user = TRY(find_user(name));
    Account account{user.uid, user.gid, {}};
    int count = 64;
    account.groups.resize(static_cast<std::size_t>(count));
    while (::getgrouplist(user.name.c_str(), user.gid, account.groups.data(), &count) < 0)
        account.groups.resize(static_cast<std::size_t>(count));
    account.groups.resize(static_cast<std::size_t>(count));
    return account;
}

namespace {
// glibc's wrappers change every thread of the process; these change the calling one.
int become_effectively(const std::vector<gid_t>& groups, gid_t gid, uid_t uid) {
    constexpr auto keep = static_cast<uid_t>(-1);
    if (::syscall(SYS_setgroups, groups.size(), groups.data()) != 0) return errno;
    if (::syscall(SYS_setresgid, keep, gid, keep) != 0) return errno;
    if (::syscall(SYS_setresuid, keep, uid, keep) != 0) return errno;
    return 0;
}

// Puts the thread's identity back; going on under a wrong one would be worse than stopping.
class Restored {
   public:
    Restored(std::vector<gid_t> groups, gid_t gid, uid_t uid) : groups_(std::move(groups)), gid_(gid), uid_(uid) {}
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;
    ~Restored() {
        constexpr auto keep = static_cast<uid_t>(-1);
        // The uid first: without it there is no right to change the rest.
        if (::syscall(SYS_setresuid, keep, uid_, keep) != 0 || become_effectively(groups_, gid_, uid_) != 0) std::abort();
    }

   private:
    std::vector<gid_t> groups_;
    gid_t gid_;
    uid_t uid_;
};
}  // namespace

Result<> as_user(const std::string& user, const std::function<Result<>()>& work) {
    const Account account = TRY(find_account(user));
    if (account.uid == ::geteuid()) return work();
    if (!is_root())
        return fail(Code::permission, "cannot act as user '" + excerpt(user) + "' without being root", "run uprev as root");
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    if (::getgroups(static_cast<int>(groups.size()), groups.data()) < 0)
        return system_error(errno, "cannot read the groups of this process");
    const Restored restored(std::move(groups), ::getegid(), ::geteuid());
    if (const int error = become_effectively(account.groups, account.gid, account.uid); error != 0)
        return system_error(error, "cannot act as user '" + excerpt(user) + "'");
    return work();
}

}  // namespace uprev::os
