// SPDX-License-Identifier: Apache-2.0
// One at a time. flock(2) on a local file: it dies with its last owner (the worker and each shim that inherited the descriptor).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

struct LockHolder {
    int pid = 0;
    std::string what;  // "upgrade 1.4.2"
    std::string operation;
    std::int64_t since_ms = 0;  // wall clock
    std::string user;
};

class Lock {
   public:
    // Waits up to `wait` (0: not at all). Held by another: Code::conflict naming who, since when, which pid.
    // A network file system is Code::refused. `waiting` is told about the holder once a second.
    static Result<Lock> acquire(const Path& file, const LockHolder& self, std::chrono::milliseconds wait,
                                const std::function<void(const LockHolder&)>& waiting = {});
    static Result<LockHolder> holder(const Path& file);  // Code::not_found when free
    Lock(Lock&& other) noexcept;
    Lock& operator=(Lock&& other) noexcept;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();
    [[nodiscard]] int descriptor() const { return fd_; }
    Result<> describe(const LockHolder& self);  // rewrite who holds it

   private:
    explicit Lock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

// The folder itself is locked as long as the descriptor lives: for those who keep their state elsewhere and so have another lock file.
// Code::conflict: somebody else has it. A file system that knows no locks locks nothing.
Result<Descriptor> lock_folder(const Path& folder, const std::string& what);

}  // namespace uprev::os
