// SPDX-License-Identifier: Apache-2.0
// Starts a worker for a request, shows what it does while it runs, and answers with its report. The worker outlives us: a closed terminal
// or a second Ctrl-C ends only the watching.
#pragma once

#include "commands/command.hpp"
#include "operations/request.hpp"

namespace uprev {

Result<Reply> operate(const Globals& globals, const OperationRequest& request);

}  // namespace uprev
