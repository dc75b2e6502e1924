// SPDX-License-Identifier: Apache-2.0
// Addresses from a feed. What is accepted must be accepted again as it was normalised, and be plain.
#include "os/http_url.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static const auto base = uprev::os::parse_url("https://vendor.example/feeds/stable.json", false);
    for (const auto& url : {uprev::os::parse_url(text, true), uprev::os::resolve_url(*base, text, true)}) {
        if (!url) {
            if (url.error().message.empty()) std::abort();
            continue;
        }
        const auto again = uprev::os::parse_url(url->text, true);
        if (!again || again->text != url->text || !again->same_origin(*url)) std::abort();
        if (url->text.find('@') < url->text.find('/', 8) || (url->scheme != "https" && url->scheme != "http")) std::abort();
    }
    return 0;
}
