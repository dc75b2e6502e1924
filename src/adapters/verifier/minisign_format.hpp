// SPDX-License-Identifier: Apache-2.0
// The texts of minisign, strictly. A signature file is four lines: "untrusted comment: …", base64(algorithm 2 ‖ key id 8 ‖ signature 64),
// "trusted comment: …", base64(global signature 64). A public key is base64("Ed" ‖ key id 8 ‖ key 32). Source: jedisct1.github.io/minisign.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

using KeyId = std::array<std::uint8_t, 8>;

struct MinisignKey {
    KeyId id{};
    std::array<std::uint8_t, 32> key{};
};

struct MinisignSignature {
    bool prehashed = false;
    KeyId key_id{};
    std::array<std::uint8_t, 64> signature{};
    std::string trusted_comment;  // not to be used before `global` was verified
    std::array<std::uint8_t, 64> global{};
};

// As minisign prints it: 16 upper-case hex digits, last byte first.
std::string key_id_text(const KeyId& id);

// Anything but the exact format is refused: Code::invalid for a key (the site file's), Code::untrusted for a signature.
Result<MinisignKey> parse_minisign_key(std::string_view text);
Result<MinisignSignature> parse_minisign_signature(std::string_view text);

}  // namespace uprev
