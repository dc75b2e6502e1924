// SPDX-License-Identifier: Apache-2.0
// Reads a verifier's subject from its start to its end, in pieces, through the one descriptor that will be unpacked later.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "ports/verifier.hpp"

namespace uprev {

// `piece` sees every byte once, in order. Memory is constant.
Result<> read_artifact(const Subject& subject, const std::function<void(std::string_view)>& piece);

// The whole artifact as one view for the time of the call; only for signatures over raw bytes. At most 1 GiB, as minisign itself has it.
Result<> with_whole_artifact(const Subject& subject, const std::function<void(std::string_view)>& work);

}  // namespace uprev
