// SPDX-License-Identifier: Apache-2.0
// Signature files and keys. Nothing that a fuzzer finds may verify.
#include "adapters/verifier/minisign.hpp"

#include <cstdint>
#include <cstdlib>

#include "adapters/verifier/minisign_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto key = uprev::parse_minisign_key(text);
    if (key && text.size() != 56) std::abort();
    uprev::TrustSpec trust;
    trust.minisign.keys = {"RWSmZ0kuqhZ+G27r+ZeIYUBKfoZmfbxNpjoS7F0l11A7/cbO02xmmBwg"};
    trust.minisign.allow_legacy = true;
    uprev::Subject subject;
    subject.text = "an artifact that nobody signed";
    subject.name = "app.tar";
    subject.signature = text;
    const auto evidence = uprev::make_minisign_verifier(trust)->verify(subject);
    if (evidence || evidence.error().message.empty()) std::abort();
    return 0;
}
