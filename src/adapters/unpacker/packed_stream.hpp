// SPDX-License-Identifier: Apache-2.0
// The unpacked bytes of an archive, made by a thread of its own so that decoding and writing overlap (as in `xz -d | tar x`).
// The same pass hashes the packed bytes. The descriptor is read with pread from 0; its position is not touched. Memory is constant.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

class PackedStream {
   public:
    // `ratio`: unpacked / packed at most, once past 64 MiB. REQUIRES: `fd` outlives the stream.
    static Result<std::unique_ptr<PackedStream>> open(int fd, double ratio);
    PackedStream(const PackedStream&) = delete;
    PackedStream& operator=(const PackedStream&) = delete;
    ~PackedStream();

    // The next piece, valid until the next call; empty at the end.
    Result<std::string_view> next();
    // SHA-256 of the packed bytes. REQUIRES: next() has answered the end.
    [[nodiscard]] const std::string& sha256() const;

   private:
    struct State;
    explicit PackedStream(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uprev
