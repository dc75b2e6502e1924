// SPDX-License-Identifier: Apache-2.0
// Tells people what an operation came to. Best effort: a failure is reported, never fatal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/json.hpp"
#include "base/result.hpp"

namespace uprev {

class Notifier {
   public:
    virtual ~Notifier() = default;
    virtual Result<> tell(const Json& report) = 0;
};

}  // namespace uprev
