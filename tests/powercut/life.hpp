// SPDX-License-Identifier: Apache-2.0
// One life of the guest: operation after operation through uprev's own journal, layout and file system, until the power is cut.
// It begins by recovering the operation that the last cut left unfinished.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "promises.hpp"

namespace powercut {

// Returns only when something fails.
uprev::Result<> live(const std::filesystem::path& root, Promises& promises);

}  // namespace powercut
