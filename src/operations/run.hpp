// SPDX-License-Identifier: Apache-2.0
// The worker's body: takes the lock, recovers what a dead worker left, then runs what was asked for through the journal and reports.
// The report is written to <state>/ops/<operation>/result.json last, so whoever waits finds it whole or not at all.
#pragma once

#include <functional>
#include <string>

#include "operations/request.hpp"
#include "operations/session.hpp"

namespace uprev {

struct WorkOptions {
    std::string operation;  // chosen by whoever starts the worker
    OperationRequest request;
    std::function<bool()> stop_asked = [] { return false; };
};

// The report object. Refusals and failures are reports too; an Error means that not even one could be written.
Json work(const SitePlace& place, const WorkOptions& options, const OsParts* os = nullptr);

std::string new_operation_id(std::int64_t wall_ms, std::string_view kind);
std::string mark_of(const std::string& operation);  // the part of an id that names what it leaves behind

}  // namespace uprev
