// SPDX-License-Identifier: Apache-2.0
// What going back to a snapshot set would lose, shown before anybody says yes.
#pragma once

#include "commands/command.hpp"
#include "operations/session.hpp"

namespace uprev {

// An answer with the exit code of a refusal: it wants --yes.
Result<Reply> show_loss(Session& session, const Adapters& adapters, const SnapshotSet& set);

// Every dump still is the file that was recorded. Code::corrupt, Code::not_found.
Result<> dumps_are_whole(const SnapshotSet& set);

}  // namespace uprev
