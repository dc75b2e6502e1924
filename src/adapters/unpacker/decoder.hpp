// SPDX-License-Identifier: Apache-2.0
// Undoes a tarball's compression piece by piece: gzip, xz, zstd or none, known by the first bytes, never by the name.
// Memory is bounded whatever the stream asks for; a cut stream and bytes behind its end are errors (several streams in a row are fine).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

class Decoder {
   public:
    struct Step {
        std::size_t taken = 0;  // bytes of input
        std::size_t made = 0;   // bytes of output
        bool ended = false;     // everything was taken and is whole; only ever true when `last` was
    };
    virtual ~Decoder() = default;
    // `last`: nothing follows `in`. Call again with what was not taken. Damage is Code::corrupt.
    virtual Result<Step> step(std::string_view in, bool last, char* out, std::size_t room) = 0;
};

// `start`: the first bytes of the file, 512 unless it is shorter. Code::corrupt when it is no tarball that uprev reads.
Result<std::unique_ptr<Decoder>> make_decoder(std::string_view start);

}  // namespace uprev
