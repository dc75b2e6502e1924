// SPDX-License-Identifier: Apache-2.0
// How big an archive says it is unpacked, from xz's index, zstd's frame header or gzip's trailer. A claim, not a fact: nothing is decoded.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace uprev {

// 0 when it doesn't say, or says it in a way that can't be true.
Result<std::uint64_t> stated_unpacked_size(int fd);

}  // namespace uprev
