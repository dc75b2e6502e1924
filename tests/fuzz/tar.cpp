// SPDX-License-Identifier: Apache-2.0
// Archives, whole: decoding, both tar readers and every rule. Small limits keep a run short.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "adapters/unpacker/tar_unpacker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const int fd = memfd_create("archive", MFD_CLOEXEC);
    if (write(fd, data, size) == static_cast<ssize_t>(size)) {
        uprev::UnpackLimits limits;
        limits.bytes = 1U << 20U;
        limits.entries = 1000;
        const auto unpacker = uprev::make_tar_unpacker();
        const auto measured = unpacker->measure(fd, limits);
        if (measured && (measured->bytes > limits.bytes || measured->entries > limits.entries || measured->entries == 0))
            std::abort();
        if (!measured && measured.error().message.empty()) std::abort();
        const auto member = unpacker->read_member(fd, "uprev.release.yaml", 4096);
        if (member && member->size() > 4096) std::abort();
    }
    close(fd);
    return 0;
}
