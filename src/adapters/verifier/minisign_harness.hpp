// SPDX-License-Identifier: Apache-2.0
// For tests: signs as minisign does, from libsodium's primitives, so that one thing can be wrong while everything else is right.
#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace uprev::test {

class Signer {
   public:
    explicit Signer(std::uint8_t seed = 1) {
        if (sodium_init() < 0) throw std::runtime_error("libsodium");
        std::array<unsigned char, crypto_sign_SEEDBYTES> bytes{};
        bytes.fill(seed);
        crypto_sign_seed_keypair(public_.data(), secret_.data(), bytes.data());
        id.fill(static_cast<char>(seed));
    }

    // What the site file holds.
    [[nodiscard]] std::string public_key() const { return base64("Ed" + text(id) + text(public_)); }

    // The raw signature over the artifact, prehashed or legacy.
    [[nodiscard]] std::string sign_artifact(const std::string& artifact, bool prehashed) const {
        return sign(prehashed ? blake2b(artifact) : artifact);
    }

    // A whole signature file.
    [[nodiscard]] std::string file(const std::string& artifact, const std::string& comment, bool prehashed = true) const {
        return assemble(prehashed ? "ED" : "Ed", sign_artifact(artifact, prehashed), comment, "");
    }
    // `global_over`: what the global signature covers instead of signature ‖ comment; empty: the right thing.
    [[nodiscard]] std::string assemble(const std::string& algorithm, const std::string& signature, const std::string& comment,
                                       const std::string& global_over) const {
        const std::string global = sign(global_over.empty() ? signature + comment : global_over);
        return "untrusted comment: signature\n" + base64(algorithm + text(id) + signature) + "\ntrusted comment: " + comment +
               "\n" + base64(global) + "\n";
    }

    [[nodiscard]] std::string sign(const std::string& message) const {
        std::string out(crypto_sign_BYTES, '\0');
        crypto_sign_detached(reinterpret_cast<unsigned char*>(out.data()), nullptr,
                             reinterpret_cast<const unsigned char*>(message.data()), message.size(), secret_.data());
        return out;
    }

    static std::string blake2b(const std::string& message) {
        std::string out(64, '\0');
        crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                           reinterpret_cast<const unsigned char*>(message.data()), message.size(), nullptr, 0);
        return out;
    }

    static std::string base64(const std::string& bytes) {
        std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
        sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                          sodium_base64_VARIANT_ORIGINAL);
        out.pop_back();
        return out;
    }

    std::array<char, 8> id{};

   private:
    template <typename Bytes>
    static std::string text(const Bytes& bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_{};
};

}  // namespace uprev::test
