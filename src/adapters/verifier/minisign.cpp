// SPDX-License-Identifier: Apache-2.0
#include "adapters/verifier/minisign.hpp"

#include <sodium.h>

#include <algorithm>
#include <vector>

#include "adapters/verifier/artifact_reader.hpp"
#include "adapters/verifier/minisign_format.hpp"
#include "base/text.hpp"
#include "release/config.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {

bool holds(const std::array<std::uint8_t, 64>& signature, std::string_view message, const MinisignKey& key) {
    return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                       key.key.data()) == 0;
}

std::string_view as_text(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// Whole words only: "version:1.4.2" must not be found in "version:1.4.20".
bool contains_words(std::string_view text, std::string_view words) {
    const auto is_edge = [&](std::size_t at) { return at >= text.size() || text[at] == ' ' || text[at] == '\t'; };
    for (auto at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1))
        if ((at == 0 || is_edge(at - 1)) && is_edge(at + words.size())) return true;
    return false;
}

struct Hashes {
    std::array<std::uint8_t, 64> blake2b{};
    std::string sha256;
};

Result<Hashes> hash(const Subject& subject) {
    crypto_generichash_state state;
    if (crypto_generichash_init(&state, nullptr, 0, 64) != 0) return fail(Code::bug, "libsodium has no BLAKE2b");
    Sha256 sha;
    TRY_VOID(read_artifact(subject, [&](std::string_view piece) {
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(piece.data()), piece.size());
        sha.update(piece);
    }));
    Hashes out;
    crypto_generichash_final(&state, out.blake2b.data(), out.blake2b.size());
    out.sha256 = sha.finish().hex;
    return out;
}

class MinisignVerifier final : public Verifier {
   public:
    explicit MinisignVerifier(MinisignTrust trust) : trust_(std::move(trust)) {}

    [[nodiscard]] std::string_view name() const override { return "minisign"; }

    Result<Evidence> verify(const Subject& subject) override {
        if (sodium_init() < 0) return fail(Code::bug, "libsodium cannot start");
        if (subject.signature.empty())
            return fail(Code::untrusted, "'" + subject.name + "' has no signature",
                        "the feed must name one, or set source.feed.signature in the site file, such as ${artifact}.minisig");
        const MinisignSignature signature =
            TRY(parse_minisign_signature(subject.signature).within("verifying '" + subject.name + "'"));
        if (!signature.prehashed && !trust_.allow_legacy)
            return fail(
                Code::untrusted, "'" + subject.name + "' has a legacy signature, which the trust policy doesn't allow",
                "ask the vendor to sign prehashed (minisign 0.11 or newer, without -l), or set trust.minisign.allow_legacy");
        const MinisignKey key = TRY(key_for(signature, subject));
        Evidence evidence;
        TRY_VOID(check_artifact(subject, signature, key, evidence));
        TRY_VOID(check_comment(subject, signature, key, evidence));
        return evidence;
    }

   private:
    Result<MinisignKey> key_for(const MinisignSignature& signature, const Subject& subject) const {
        if (trust_.keys.empty()) return fail(Code::invalid, "trust.minisign.keys is empty", "name the vendor's public key there");
        std::vector<std::string> known;
        for (const auto& text : trust_.keys) {
            const MinisignKey key = TRY(parse_minisign_key(text));
            if (key.id == signature.key_id) return key;
            known.push_back(key_id_text(key.id));
        }
        return fail(Code::untrusted,
                    "'" + subject.name + "' is signed by key " + key_id_text(signature.key_id) + ", which isn't trusted",
                    "trusted are: " + join(known, ", ") + "; if the vendor changed its key, confirm it elsewhere first");
    }

    static Result<> check_artifact(const Subject& subject, const MinisignSignature& signature, const MinisignKey& key,
                                   Evidence& evidence) {
        const Hashes hashes = TRY(hash(subject));
        bool good = false;
        if (signature.prehashed)
            good = holds(signature.signature, as_text(hashes.blake2b.data(), hashes.blake2b.size()), key);
        else
            TRY_VOID(with_whole_artifact(subject, [&](std::string_view whole) {
                // 64 bytes may be the BLAKE2b of a signed file, over which a prehashed signature holds when it is relabelled.
                good = whole.size() != hashes.blake2b.size() && holds(signature.signature, whole, key);
            }));
        if (!good)
            return fail(
                Code::untrusted, "the signature by key " + key_id_text(key.id) + " doesn't match '" + subject.name + "'",
                "the artifact was damaged or exchanged: remove it, fetch it again, and if it happens again ask the vendor");
        evidence.sha256 = hashes.sha256;
        evidence.checks.push_back("minisign: key " + key_id_text(key.id) + (signature.prehashed ? ", prehashed" : ", legacy"));
        return {};
    }

    Result<> check_comment(const Subject& subject, const MinisignSignature& signature, const MinisignKey& key,
                           Evidence& evidence) const {
        const std::string covered =
            std::string(as_text(signature.signature.data(), signature.signature.size())) + signature.trusted_comment;
        if (!holds(signature.global, covered, key))
            return fail(Code::untrusted, "the trusted comment of the signature of '" + subject.name + "' was altered",
                        "fetch the signature again; if it stays so, ask the vendor");
        if (trust_.trusted_comment.empty()) {
            evidence.checks.emplace_back("minisign: trusted comment signed, not bound to a version by the site file");
            return {};
        }
        const std::string version = subject.version.text();
        const std::string wanted =
            TRY(interpolate(trust_.trusted_comment, {{"version", version}, {"artifact", subject.name}, {"name", subject.name}})
                    .within("trust.minisign.trusted_comment"));
        if (trim(wanted).empty())
            return fail(Code::invalid, "trust.minisign.trusted_comment is blank",
                        "write what the comment must hold, such as version:${version}");
        if (!contains_words(signature.trusted_comment, trim(wanted)))
            return fail(Code::untrusted,
                        "the trusted comment '" + excerpt(signature.trusted_comment, 120) + "' doesn't hold '" +
                            excerpt(wanted, 120) + "'",
                        "the signature belongs to another file or version: an older or foreign release is being offered");
        evidence.checks.push_back("minisign: trusted comment bound to '" + wanted + "'");
        return {};
    }

    MinisignTrust trust_;
};

}  // namespace

std::unique_ptr<Verifier> make_minisign_verifier(const TrustSpec& trust) {
    return std::make_unique<MinisignVerifier>(trust.minisign);
}

}  // namespace uprev
