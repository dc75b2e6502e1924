// SPDX-License-Identifier: Apache-2.0
// What a child does between vfork and exec: become the user, take its streams, go to its folder, run its program.
// Runs in the parent's memory, so: system calls only, nothing that allocates, locks or throws.
#pragma once

#include <stddef.h>
#include <sys/types.h>

namespace uprev::os {

enum class BecomeStage : int { none, record, user, folder, streams, program, orphaned };

struct Becoming {
    char* const* argv = nullptr;
    char* const* env = nullptr;
    const char* cwd = "/";
    const char* search = "";  // PATH for argv[0] without a slash
    bool change_user = false;
    uid_t uid = 0;
    gid_t gid = 0;
    const gid_t* groups = nullptr;
    size_t group_count = 0;
    int in = -1;
    int out = -1;
    int err = -1;
    pid_t die_with = 0;  // the parent: SIGKILL for us when it ends; 0: live on
};

struct BecomeError {
    BecomeStage stage = BecomeStage::none;
    int error = 0;
};

// REQUIRES: called in a vfork child with all signals blocked. Never returns; on failure it fills `error` and ends with 127.
[[noreturn]] void become(const Becoming& what, BecomeError& error);

// "become user", "enter the folder", … for messages.
const char* become_stage_text(BecomeStage stage);

}  // namespace uprev::os
