// SPDX-License-Identifier: Apache-2.0
#include "os/open.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace uprev::os {

Result<Descriptor> open_for_reading(const Path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) return Descriptor(fd);
    const Code code = errno == ENOENT ? Code::not_found : errno == EACCES || errno == EPERM ? Code::permission : Code::failed;
    return fail(code, "cannot open '" + path.string() + "': " + std::strerror(errno));
}

}  // namespace uprev::os
