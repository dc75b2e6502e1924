// SPDX-License-Identifier: Apache-2.0
// Running commands. Argv only, never a shell string; a stated environment, never ours; a time limit and an output cap.
// Every command runs under the shim (src/os/shim_main.cpp): own session, output to a 0600 file with secrets masked,
// result written to a file, stragglers ended. The shim outlives us: after a crash `recorded` finds what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

struct Command {
    std::vector<std::string> argv;           // argv[0] looked up in env PATH when it has no slash
    std::map<std::string, std::string> env;  // the whole environment of the child
    Path cwd = "/";
    std::string user;                    // run as; empty: as we are
    std::chrono::milliseconds limit{0};  // 0: none; on expiry the tree gets SIGTERM, 10 s later SIGKILL
    std::string input;                   // written to the child's standard input; empty: /dev/null
    int input_fd = -1;                   // capture() only: the child's standard input instead of `input`
    int output_fd = -1;  // capture() only: takes standard output unmasked and unlimited; Captured::output stays empty
    Path record;         // folder for this run: output.log, started.json, result.json; created 0700. Required.
    std::vector<std::string> masked;          // secrets replaced by *** in output.log
    std::uint64_t output_limit = 64U << 20U;  // bytes kept in output.log; the rest is counted and dropped
    bool keep_stragglers = false;             // true only for starting daemons (command service manager, PM2 daemon)
    bool durable_result = false;              // fsync result.json: for steps of class `once`
};

struct Outcome {
    int exit_code = -1;    // valid when signal == 0
    int signal = 0;        // the child died of this
    bool expired = false;  // its limit ran out
    std::chrono::milliseconds took{0};
    std::string tail;  // last 4 KiB of output, masked
    [[nodiscard]] bool ok() const { return exit_code == 0 && signal == 0 && !expired; }
    [[nodiscard]] std::string describe() const;  // "exit code 1", "killed by signal 9", "still running after 30s"
};

enum class RecordState { none, running, finished, interrupted };
struct Recorded {
    RecordState state = RecordState::none;  // none: never started
    Outcome outcome;                        // when finished
};

class Processes {
   public:
    virtual ~Processes() = default;
    // Runs to the end. An Error means it could not be started or its fate is unknown (Code::interrupted); a child that failed is an Outcome.
    // `cancel`, when set and answering true (polled every 20 ms), ends the tree: Outcome.expired is then true.
    virtual Result<Outcome> run(const Command& command, const std::function<bool()>& cancel = {}) = 0;
    // What an earlier process of ours left in `record` (by boot id, pid and start time).
    virtual Result<Recorded> recorded(const Path& record) const = 0;
    // Waits for a run that a dead uprev left behind, or ends it when `end` is set.
    virtual Result<Recorded> settle(const Path& record, bool end, std::chrono::milliseconds limit) = 0;
};

// Runs a short tool and gives its standard output (stderr goes to the log): for pg tools, pm2 jlist, node --version.
// `record` is made under `scratch` and removed afterwards.
struct Captured {
    Outcome outcome;
    std::string output;  // stdout only, unmasked, at most 16 MiB
    std::string errors;  // stderr only, masked
};
Result<Captured> capture(const Command& command);  // Command::record is ignored; no shim; the tree dies with us (PDEATHSIG)
// The same, ended (SIGTERM to its group, then SIGKILL) as soon as `cancel` answers true; polled every 20 ms. Outcome.expired is then true.
// With keep_stragglers the call returns when the child itself has ended, although a daemon that it left may hold its output open.
Result<Captured> capture(const Command& command, const std::function<bool()>& cancel);

}  // namespace uprev::os
