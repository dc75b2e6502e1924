// SPDX-License-Identifier: Apache-2.0
// What can't be given up without leaving things half-way is tried again: a few times, and for a while when the machine is in trouble.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "journal/records.hpp"
#include "os/clock.hpp"

namespace uprev {

inline constexpr int attempts_at_most = 3;

// The machine's trouble, not the step's: the same may well succeed once the server answers or the disk has room.
bool passes(const Error& error);

// `what` until it succeeds, says needs_operator, has failed three times, or fails for the machine's sake longer than `limit`.
Result<> patiently(os::Clock& clock, os::Milliseconds limit, const std::function<Result<>()>& what,
                   const std::function<void(const Error&)>& told_once);

// What is said when patience is at its end. Nothing is decided and nothing written: the journal holds where the operation stands, as
// after a crash, and recovery goes on from there.
Error half_way(const Operation& operation, Error error);

}  // namespace uprev
