// SPDX-License-Identifier: Apache-2.0
// A SHA-256 digest as lower-case hex, and the streaming hasher that makes one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

struct Digest {
    std::string hex;                                     // 64 characters of [0-9a-f]
    static Result<Digest> parse(std::string_view text);  // "sha256:HEX" or HEX; upper case refused
    friend bool operator==(const Digest&, const Digest&) = default;
};

class Sha256 {
   public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(const void* data, std::size_t size);
    void update(std::string_view text) { update(text.data(), text.size()); }
    Digest finish();

   private:
    struct State;
    std::unique_ptr<State> state_;
};

Digest sha256(std::string_view text);

}  // namespace uprev
