// SPDX-License-Identifier: Apache-2.0
#include "adapters/verifier/sha256.hpp"

#include "adapters/verifier/artifact_reader.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {

class Sha256Verifier final : public Verifier {
   public:
    [[nodiscard]] std::string_view name() const override { return "sha256"; }

    Result<Evidence> verify(const Subject& subject) override {
        if (subject.stated_sha256.empty())
            return fail(Code::untrusted, "no digest is stated for '" + subject.name + "'",
                        "the feed must state sha256, or remove sha256 from trust.require");
        const auto stated = Digest::parse(subject.stated_sha256);
        if (!stated)
            return fail(Code::untrusted, "the digest stated for '" + subject.name + "' is no SHA-256: " + stated.error().message,
                        "ask the vendor");
        Sha256 hash;
        TRY_VOID(read_artifact(subject, [&](std::string_view piece) { hash.update(piece); }));
        const Digest seen = hash.finish();
        if (!(seen == *stated))
            return fail(Code::untrusted, "'" + subject.name + "' has digest " + seen.hex + " where " + stated->hex + " is stated",
                        "the artifact was damaged or exchanged: remove it and fetch it again");
        return Evidence{{"sha256: " + seen.hex + " as stated by the source"}, seen.hex};
    }
};

}  // namespace

std::unique_ptr<Verifier> make_sha256_verifier(const TrustSpec&) { return std::make_unique<Sha256Verifier>(); }

}  // namespace uprev
