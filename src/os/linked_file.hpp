// SPDX-License-Identifier: Apache-2.0
// Opens a file for root in places where another user may put links. A link leads on only where whoever made it could have gone:
// root's links anywhere, anybody else's to that user's own files. So nobody has root read out what only others may read.
#pragma once

#include <sys/types.h>

#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

bool link_may_lead(uid_t maker, uid_t owner_of_file);

// A regular file, for reading. `what` names it in errors. Code::not_found, Code::refused. Unless we are root the system's own rights suffice.
Result<Descriptor> open_linked_file(const Path& path, const std::string& what);

}  // namespace uprev::os
