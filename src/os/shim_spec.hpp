// SPDX-License-Identifier: Apache-2.0
// What uprev tells its shim, and what the shim tells back, in one memory file that no other process can see:
// a Report, which the shim fills in place, then the fields of the order. Both ends are built together, so the
// layout is that of this machine. Secrets (environment, masks, input) exist in memory only, never in argv or a file.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace uprev::os {

// Descriptors with which the shim is started.
constexpr int shim_spec_fd = 3;
constexpr int shim_record_fd = 4;    // the record folder; its flock lives as long as the run
constexpr int shim_input_fd = 5;     // the child's standard input
constexpr int shim_lock_fd = 6;      // the operation's lock, or absent
constexpr int shim_end_signal = 10;  // SIGUSR1: end the tree as if its limit had run out

enum class ShimState : uint32_t { starting = 0, not_started = 1, finished = 2 };

struct ShimReport {
    ShimState state = ShimState::starting;
    int32_t stage = 0;  // BecomeStage, when not started
    int32_t error = 0;  // errno, when not started
    int32_t exit_code = 0;
    int32_t signal = 0;
    int32_t expired = 0;
    int64_t took_ms = 0;
    uint64_t kept = 0;     // bytes in output.log
    uint64_t dropped = 0;  // bytes over the limit, or for which the disk had no room
    uint64_t stragglers = 0;
    int32_t unrecorded = 0;  // errno that kept result.json from being written; 0: it is there
};

constexpr uint64_t shim_magic = 0x3130564552505501;
constexpr size_t shim_spec_offset = 128;
static_assert(sizeof(ShimReport) <= shim_spec_offset);

struct ShimNumbers {
    uint64_t magic = shim_magic;
    int64_t limit_ms = 0;
    uint64_t output_limit = 0;
    uint32_t change_user = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t keep_stragglers = 0;
    uint32_t durable = 0;
    uint32_t groups = 0;  // counts of the lists that follow: groups (uint32 each), then texts
    uint32_t argv = 0;
    uint32_t env = 0;
    uint32_t masks = 0;
    uint32_t unused = 0;
};
// The texts, each as its length (uint64), its bytes and a NUL: boot id, folder, PATH, argv…, env…, masks….

// Walks over the texts in place.
class ShimTexts {
   public:
    explicit ShimTexts(char* at) : at_(at) {}
    char* next(size_t* size = nullptr) {
        uint64_t length = 0;
        ::memcpy(&length, at_, sizeof length);
        char* text = at_ + sizeof length;
        if (size != nullptr) *size = length;
        at_ = text + length + 1;
        return text;
    }

   private:
    char* at_;
};

}  // namespace uprev::os
