// SPDX-License-Identifier: Apache-2.0
// The logs of one operation, as they lie below <state>/ops/<operation>: one per command of a step, plus the worker's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os/filesystem.hpp"

namespace uprev {

struct StepLog {
    std::string step;  // "prepare.build"; "worker" for the worker's own output
    std::string part;  // "admin" where a step runs several commands; else empty
    os::Path file;
    std::uint64_t bytes = 0;
    [[nodiscard]] std::string name() const { return part.empty() ? step : step + "/" + part; }
};

// Sorted by name; a folder that isn't there gives none.
Result<std::vector<StepLog>> find_logs(const os::FileSystem& fs, const os::Path& operation_folder);

// Those that `wanted` names: a step or STEP/PART in full, or the beginning of one that fits no other step.
// Code::not_found lists what there is; Code::invalid what it may mean.
Result<std::vector<StepLog>> choose_logs(const std::vector<StepLog>& logs, const std::string& wanted);

}  // namespace uprev
