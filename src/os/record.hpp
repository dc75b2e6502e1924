// SPDX-License-Identifier: Apache-2.0
// The record folder of a run, as uprev reads it back: who runs it, and what became of it. For this folder only.
#pragma once

#include <optional>

#include "os/descriptor.hpp"
#include "os/identity.hpp"
#include "os/process.hpp"

namespace uprev::os {

struct StartedRecord {
    ProcessIdentity shim;
    ProcessIdentity child;
    bool keep_stragglers = false;
};
struct ResultRecord {
    ProcessIdentity shim;
    Outcome outcome;
};

// Empty: absent, torn, or not ours.
std::optional<StartedRecord> read_started(int folder);
std::optional<ResultRecord> read_result(int folder);
// In the environment of a command whose result must be known, and so of everything that it started: what left its session is found by it.
std::string run_marker(const Path& record);
// The last 4 KiB of output.log.
std::string read_tail(int folder);

// Opens the folder, made 0700 when absent, without the files of an earlier run, and locked (flock) for the run to come.
// Code::conflict: a run is going on there. Code::refused: others may write there, or it is no folder of ours.
Result<Descriptor> open_record(const Path& record);
Result<Recorded> read_record(const Path& record);
Result<Recorded> settle_record(const Path& record, bool end, std::chrono::milliseconds limit);

}  // namespace uprev::os
