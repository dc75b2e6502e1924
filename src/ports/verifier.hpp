// SPDX-License-Identifier: Apache-2.0
// Trust decisions about bytes. A verifier reads the artifact through one open descriptor, from its start, so that what was
// verified is what is unpacked. Missing, empty or unparseable signatures are Code::untrusted, never "going on".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "release/version.hpp"

namespace uprev {

struct Subject {
    int fd = -1;  // positioned anywhere; read with pread from 0. -1: `text` is the artifact
    std::string_view text;
    std::string name;  // artifact file name
    Version version;
    std::string stated_sha256;  // from the feed; empty: not stated
    std::string signature;      // signature file's text
};

struct Evidence {
    std::vector<std::string>
        checks;          // one line per check that held: "minisign: key 8D1F…, prehashed, trusted comment bound to 1.4.2"
    std::string sha256;  // hex of the artifact
};

class Verifier {
   public:
    virtual ~Verifier() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    virtual Result<Evidence> verify(const Subject& subject) = 0;
};

}  // namespace uprev
