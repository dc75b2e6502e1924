// SPDX-License-Identifier: Apache-2.0
// What can't be given up without leaving things half-way is tried again: a few times, and for a while when the machine is in trouble.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "journal/records.hpp"
#include "os/clock.hpp"
#include "plan/step.hpp"

namespace uprev {

inline constexpr int attempts_at_most = 3;

// The machine's trouble, not the step's: the same may well succeed once the server answers or the disk has room. A limit that expired is not
// among it: a release that hangs does that too.
bool passes(const Error& error);

// `what` until it succeeds, says needs_operator, has failed three times, or fails for the machine's sake longer than `limit`.
Result<> patiently(os::Clock& clock, os::Milliseconds limit, const std::function<Result<>()>& what,
                   const std::function<void(const Error&)>& told_once);

// What is said when patience is at its end. Nothing is decided and nothing written: the journal holds where the operation stands, as
// after a crash, and recovery goes on from there.
Error half_way(const Operation& operation, Error error);
// What is said to somebody who wants to take back what can't be taken back.
Error no_way_back(const Operation& operation, const Plan& plan);

}  // namespace uprev
