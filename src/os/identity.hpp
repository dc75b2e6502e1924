// SPDX-License-Identifier: Apache-2.0
// Who and where we are: machine, boot, processes, users.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

std::string machine_id();  // /etc/machine-id; else the D-Bus one; "unknown" when there is none
std::string boot_id();     // /proc/sys/kernel/random/boot_id

struct ProcessIdentity {
    std::string boot;
    int pid = 0;
    std::uint64_t start = 0;  // clock ticks since boot, /proc/PID/stat field 22
    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};
std::optional<ProcessIdentity> identify(int pid);
bool alive(const ProcessIdentity& process);                         // same boot, same start time, not a zombie
std::chrono::milliseconds started(const ProcessIdentity& process);  // since boot, as a clock's steady time counts

struct User {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string home;
};
Result<User> find_user(const std::string& name);  // empty: the effective user
User current_user();
bool is_root();

// Runs `work` with the effective uid and gid of `user` on this thread only (raw per-thread syscalls), e.g. for peer authentication.
Result<> as_user(const std::string& user, const std::function<Result<>()>& work);

// Processes other than this one that have `path` (or anything below it) as cwd, root, executable, open file or mapping.
std::vector<int> users_of(const Path& path);

}  // namespace uprev::os
