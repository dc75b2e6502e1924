// SPDX-License-Identifier: Apache-2.0
#include "adapters/verifier/minisign_format.hpp"

#include <sodium.h>

#include <algorithm>
#include <optional>

namespace uprev {

namespace {

constexpr std::string_view untrusted_label = "untrusted comment: ";
constexpr std::string_view trusted_label = "trusted comment: ";
constexpr std::size_t comment_limit = 1024;          // minisign's COMMENTMAXBYTES
constexpr std::size_t trusted_comment_limit = 8192;  // minisign's TRUSTEDCOMMENTMAXBYTES

Error malformed(const std::string& why) {
    return fail(Code::untrusted, "the minisign signature is malformed: " + why,
                "fetch it again; if it stays so, ask the vendor to sign anew");
}

// Canonical padded base64 of exactly N bytes.
template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> decode(std::string_view text) {
    std::array<std::uint8_t, N> bytes{};
    if (text.size() != sodium_base64_encoded_len(N, sodium_base64_VARIANT_ORIGINAL) - 1) return {};
    std::size_t length = 0;
    const char* end = nullptr;
    if (sodium_base642bin(bytes.data(), N, text.data(), text.size(), nullptr, &length, &end, sodium_base64_VARIANT_ORIGINAL) != 0)
        return {};
    if (length != N || end != text.data() + text.size()) return {};
    return bytes;
}

// Takes one line off the front; nothing when no line feed ends it (only the last line may lack one).
std::optional<std::string_view> take_line(std::string_view& rest, bool last) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos && !last) return {};
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return line;
}

}  // namespace

std::string key_id_text(const KeyId& id) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (auto it = id.rbegin(); it != id.rend(); ++it) {
        out += digits[*it >> 4U];
        out += digits[*it & 15U];
    }
    return out;
}

Result<MinisignKey> parse_minisign_key(std::string_view text) {
    const auto bytes = decode<42>(text);
    if (!bytes || (*bytes)[0] != 'E' || (*bytes)[1] != 'd')
        return fail(Code::invalid, "'" + std::string(text.substr(0, 60)) + "' is no minisign public key",
                    "put the second line of minisign.pub into trust.minisign.keys");
    MinisignKey key;
    std::copy_n(bytes->begin() + 2, key.id.size(), key.id.begin());
    std::copy_n(bytes->begin() + 10, key.key.size(), key.key.begin());
    return key;
}

Result<MinisignSignature> parse_minisign_signature(std::string_view text) {
    if (text.empty()) return malformed("it is empty");
    if (text.find('\r') != std::string_view::npos) return malformed("it holds a carriage return");
    if (text.find('\0') != std::string_view::npos) return malformed("it holds a NUL byte");
    std::string_view rest = text;
    const auto untrusted = take_line(rest, false);
    const auto signature = take_line(rest, false);
    const auto trusted = take_line(rest, false);
    if (!untrusted || !signature || !trusted || rest.empty()) return malformed("it has fewer than four lines");
    const auto global = take_line(rest, true);
    if (!rest.empty()) return malformed("bytes follow the fourth line");
    if (!untrusted->starts_with(untrusted_label)) return malformed("its first line doesn't begin with 'untrusted comment: '");
    if (untrusted->size() > comment_limit) return malformed("its first line is over-long");
    if (!trusted->starts_with(trusted_label)) return malformed("its third line doesn't begin with 'trusted comment: '");
    if (trusted->size() > trusted_comment_limit) return malformed("its trusted comment is over-long");
    const auto first = decode<74>(*signature);
    if (!first) return malformed("its second line is no base64 of 74 bytes");
    const auto second = decode<64>(*global);
    if (!second) return malformed("its fourth line is no base64 of 64 bytes");
    if ((*first)[0] != 'E' || ((*first)[1] != 'D' && (*first)[1] != 'd')) return malformed("its algorithm is unknown");
    MinisignSignature out;
    out.prehashed = (*first)[1] == 'D';
    std::copy_n(first->begin() + 2, out.key_id.size(), out.key_id.begin());
    std::copy_n(first->begin() + 10, out.signature.size(), out.signature.begin());
    out.trusted_comment = std::string(trusted->substr(trusted_label.size()));
    out.global = *second;
    return out;
}

}  // namespace uprev
