// SPDX-License-Identifier: Apache-2.0
// What an operator asked for, as the worker gets it and as the journal keeps it.
#pragma once

#include <chrono>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace uprev {

struct OperationRequest {
    std::string kind = "upgrade";  // upgrade | rollback | resume | restore | accept
    std::string to;                // version, or snapshot set for restore; empty: chosen
    bool allow_breaking = false;
    std::string reason;
    bool allow_downgrade = false;
    bool accept_edits = false;
    bool unattended = false;        // `uprev auto`
    std::string at_most = "major";  // patch | minor | major
    std::string plan_hash;
    std::chrono::milliseconds wait{0};
};

Json to_json(const OperationRequest& request);
Result<OperationRequest> request_from_json(const Json& json);

}  // namespace uprev
