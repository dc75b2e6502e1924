// SPDX-License-Identifier: Apache-2.0
// Starting the worker of an operation: a process of its own session that outlives the terminal it was asked from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

// Own session, standard input closed, output appended to `log` (0600), our environment kept (secret references need it). Its pid.
Result<int> start_worker(const std::vector<std::string>& argv, const Path& log);
std::optional<int> worker_ended(int pid);  // exit code (128+signal) once it has; never blocks
void ask_worker_to_stop(int pid);          // SIGINT
Path own_executable();
int own_pid();

// Becomes true on SIGINT or SIGTERM of this process; SIGHUP is ignored from then on.
class StopRequest {
   public:
    StopRequest();
    [[nodiscard]] bool asked() const;
    [[nodiscard]] int times() const;
};

}  // namespace uprev::os
