// SPDX-License-Identifier: Apache-2.0
// One question to a running service. The gate asks until it holds and keeps holding; the prober counts outages.
#pragma once

#include <string>

#include "base/result.hpp"
#include "release/release_file.hpp"

namespace uprev {

struct Answer {
    bool ok = false;
    std::string seen;     // "200, body matched", "status 503", "connection refused", "body lacks '\"ok\":true'"
    std::string version;  // served version, when the probe was told where to find it
};

class Probe {
   public:
    virtual ~Probe() = default;
    // `version_pointer`: JSON pointer into the body, may be empty. Values in `spec` are already interpolated.
    virtual Answer ask(const ProbeSpec& spec, const std::string& version_pointer) = 0;
};

}  // namespace uprev
