// SPDX-License-Identifier: Apache-2.0
// Whether something accepts connections at an address. The connection is closed at once; nothing is sent.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace uprev {

// `address`: host:port or [v6]:port. Code::invalid for another shape, Code::unavailable when refused, Code::timeout.
Result<> tcp_connect(const std::string& address, std::chrono::milliseconds limit);

}  // namespace uprev
