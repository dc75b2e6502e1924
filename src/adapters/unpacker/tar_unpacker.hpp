// SPDX-License-Identifier: Apache-2.0
// The unpacker for tar, plain or packed with gzip, xz or zstd. Every rule is checked before the entry it concerns is written; symlinks are
// made last of all, so that nothing can be written through one. After an error the folder holds rubbish that the caller drops.
#pragma once

#include <memory>

#include "ports/unpacker.hpp"

namespace uprev {

std::unique_ptr<Unpacker> make_tar_unpacker();

}  // namespace uprev
