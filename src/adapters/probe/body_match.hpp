// SPDX-License-Identifier: Apache-2.0
// What a body must hold, and what it tells: substrings, JSON pointers compared by the scalar's spelling, the served version.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"

namespace uprev {

// Empty when the body matches, else why not: "body lacks '"ok":true'", "'/version' is '1.4.0', not '1.4.2'".
std::string body_mismatch(const std::string& body, const std::string& contains, const std::map<std::string, std::string>& json);

// The scalar at `pointer`, as it is spelled; empty when there is none or the body is not JSON.
std::string scalar_at(const std::string& body, const std::string& pointer);

}  // namespace uprev
