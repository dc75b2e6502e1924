// SPDX-License-Identifier: Apache-2.0
// Turns a verified tarball into files inside an empty private folder. Every refusal names the entry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

struct UnpackLimits {
    std::uint64_t bytes = 8ULL << 30U;  // all files together
    std::uint64_t entries = 500'000;
    std::uint32_t depth = 64;  // path components
    double ratio = 200.0;      // unpacked / packed, once past 64 MiB
};

struct UnpackRequest {
    int fd = -1;         // the artifact; read with pread from 0
    std::string sha256;  // must be the digest of what is read, checked at the end, before anything may be used
    os::Path into;       // absent or empty; created 0755
    std::string user;    // owner of the files; empty: as we are. Extraction runs with that user's rights.
    UnpackLimits limits;
    bool strip_single_root = true;  // a tarball whose entries all lie under one folder loses that folder
    std::function<bool()> cancelled;
};

struct Unpacked {
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
};

class Unpacker {
   public:
    virtual ~Unpacker() = default;
    virtual Result<Unpacked> unpack(const UnpackRequest& request) = 0;
    // Reads one small file (the release file, package.json) out of the archive without unpacking; Code::not_found when absent.
    virtual Result<std::string> read_member(int fd, const std::string& name, std::uint64_t limit) = 0;
    // Sum of sizes and count, by reading headers; the same refusals as unpack.
    virtual Result<Unpacked> measure(int fd, const UnpackLimits& limits) = 0;
    // What the archive itself says it unpacks to (bytes, headers included), read from its index without decoding anything: for estimates
    // of disk needs only. 0 when it doesn't say.
    virtual Result<std::uint64_t> stated_size(int fd) {
        (void)fd;
        return std::uint64_t{0};
    }
};

}  // namespace uprev
