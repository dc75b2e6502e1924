// SPDX-License-Identifier: Apache-2.0
// What libarchive made of an entry against what the strict scanner read: where they differ, one of them is being fooled.
#pragma once

#include "adapters/unpacker/tar_scanner.hpp"
#include "base/result.hpp"

struct archive_entry;

namespace uprev {

// Name, kind, size and target must be the same; Code::refused otherwise.
Result<> same_entry(const TarHeader& header, archive_entry* entry);

}  // namespace uprev
