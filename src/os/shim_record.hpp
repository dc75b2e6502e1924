// SPDX-License-Identifier: Apache-2.0
// The files that the shim writes into the record folder: started.json before the child runs, output.log, result.json at the end.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "os/process_tree.hpp"
#include "os/shim_spec.hpp"

namespace uprev::os {

struct ShimIdentity {
    const char* boot = "";
    ProcessStat shim;
    ProcessStat child;
};

// Each gives 0 or an errno. Only system calls, so that the child may call the first one between vfork and exec.
int write_started(int folder, const ShimIdentity& who, bool keep_stragglers, bool durable);
// Takes the room that the result will need, so that a full disk can't keep it from being written.
int reserve_result(int folder);
int write_result(int folder, const ShimIdentity& who, const ShimReport& report, bool durable);

// The log, cut off at its limit.
class ShimLog {
   public:
    int open(int folder, uint64_t limit);
    void write(const char* bytes, size_t size);
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] uint64_t kept() const { return kept_; }
    [[nodiscard]] uint64_t dropped() const { return dropped_; }

   private:
    int fd_ = -1;
    uint64_t limit_ = 0;
    uint64_t kept_ = 0;
    uint64_t dropped_ = 0;
};

}  // namespace uprev::os
