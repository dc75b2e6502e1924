// SPDX-License-Identifier: Apache-2.0
// Opening a file whose content is about to be judged: never through a symlink in its last component.
#pragma once

#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

Result<Descriptor> open_for_reading(const Path& path);  // O_RDONLY | O_CLOEXEC | O_NOFOLLOW

}  // namespace uprev::os
