// SPDX-License-Identifier: Apache-2.0
// resolve -> site preflight -> fetch, verify -> release preflight -> a frozen plan. `uprev plan` stops there; an operation runs it.
// Touches nothing but the private artifact store.
#pragma once

#include <memory>

#include "operations/acquire.hpp"
#include "operations/request.hpp"
#include "plan/target.hpp"
#include "preflight/judge.hpp"

namespace uprev {

struct Prepared {
    Plan plan;
    Facts facts;
    std::vector<Finding> findings;
    Pinned pinned;                       // mark, work and paths filled in by the caller's operation id
    std::vector<std::string> stops;      // versions to go through after this one, in order
    std::unique_ptr<Adapters> adapters;  // with the services of both releases
    bool nothing_to_do = false;
    std::string nothing_reason;
};

struct PrepareHooks {
    FetchWatch fetch;
    bool may_skip_artifact = false;  // a plan to look at: a signed release file beside the artifact is enough
    std::function<void(const std::string&)> phase = [](const std::string&) {};
};

// Refusals by findings are not an Error: see blocks(findings). Errors: source, trust, configuration.
Result<Prepared> prepare_upgrade(Session& session, const OperationRequest& request, const std::string& mark,
                                 const PrepareHooks& hooks);
Result<Prepared> prepare_rollback(Session& session, const OperationRequest& request, const std::string& mark,
                                  const PrepareHooks& hooks);

Result<TargetRequest> target_request(Session& session, const OperationRequest& request, const std::string& current);

}  // namespace uprev
