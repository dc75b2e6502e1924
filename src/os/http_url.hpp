// SPDX-License-Identifier: Apache-2.0
// Web addresses as uprev accepts them: https (http where allowed), no userinfo, a host spelt the one ordinary way.
// An address that two parsers could read differently (decimal, octal or mapped IP addresses, backslashes, percent-encoded hosts) is refused.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev::os {

struct Url {
    std::string text;      // whole, normalised, without fragment
    std::string scheme;    // "https" or "http"
    std::string host;      // lower case; IPv6 in brackets
    int port = 0;          // the scheme's own when none was given
    std::string path;      // begins with '/', still percent-encoded, without query
    bool literal = false;  // the host is an IP address

    [[nodiscard]] bool same_origin(const Url& other) const {
        return scheme == other.scheme && host == other.host && port == other.port;
    }
    // For messages: without the query, which may hold a token.
    [[nodiscard]] std::string shown() const;
};

// Any other scheme, userinfo or an odd spelling is Code::refused; what is no address at all is Code::invalid.
Result<Url> parse_url(std::string_view text, bool allow_plain_http);

// `reference` (absolute or relative) as seen from `base`; the same refusals.
Result<Url> resolve_url(const Url& base, std::string_view reference, bool allow_plain_http);

}  // namespace uprev::os
