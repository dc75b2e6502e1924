// SPDX-License-Identifier: Apache-2.0
// Processes as /proc shows them: one's stat line, and everything that descends from one.
// Shared with the shim, so: no allocation through C++, no exceptions, system calls only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace uprev::os {

struct ProcessStat {
    int pid = 0;
    int parent = 0;
    int session = 0;
    char state = '?';         // R, S, D, Z, …
    std::uint64_t start = 0;  // clock ticks since boot
};
// false: there is no such process. 0 asks about the calling process.
bool read_stat(int pid, ProcessStat& stat);

// Sends `signal` to every descendant of `ancestor` (not to itself), zombies left out. Says how many it reached.
// Unless it is SIGKILL the tree is stopped first, so that each process gets it that was there, and none that is started in answer.
std::size_t signal_descendants(int ancestor, int signal);
// The same for the members of a session that its dead leader left behind.
std::size_t signal_session(int session, std::uint64_t not_before, int signal);

}  // namespace uprev::os
