// SPDX-License-Identifier: Apache-2.0
// Operations that put a chosen state in force: a snapshot set with the release it belongs to (`restore`), or the new release that a
// stopped upgrade left behind (`accept`).
#pragma once

#include "operations/prepare.hpp"

namespace uprev {

// The operation that stopped for an operator, if that is where things stand. Its mark names its guard and its fence.
Result<std::optional<Operation>> stopped_operation(Journal& journal);

// request.kind "restore": request.to is a snapshot set's id. "accept": the newest operation that needs an operator; request.to "old" keeps
// the release that it came from instead of the new one.
Result<Prepared> prepare_restore(Session& session, const OperationRequest& request, const std::string& mark);

}  // namespace uprev
