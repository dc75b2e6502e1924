// SPDX-License-Identifier: Apache-2.0
#include "release/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/text.hpp"

namespace uprev {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() {
        // Both fail only without memory, where nothing else would work either.
        if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(const void* data, std::size_t size) { EVP_DigestUpdate(state_->context, data, size); }

Digest Sha256::finish() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(state_->context, bytes.data(), &size);
    Digest digest;
    for (unsigned int i = 0; i < size; ++i) {
        digest.hex += digits[bytes[i] >> 4U];
        digest.hex += digits[bytes[i] & 15U];
    }
    EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
    return digest;
}

Digest sha256(std::string_view text) {
    Sha256 hasher;
    hasher.update(text);
    return hasher.finish();
}

Result<Digest> Digest::parse(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    const auto hex = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (hex.size() != 64 || !std::all_of(hex.begin(), hex.end(), is_hex))
        return fail(Code::invalid, "'" + excerpt(text, 80) + "' is not a SHA-256 digest",
                    "it is 64 characters of 0-9 and a-f, lower case");
    return Digest{std::string(hex)};
}

}  // namespace uprev
