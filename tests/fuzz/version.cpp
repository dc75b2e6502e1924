// SPDX-License-Identifier: Apache-2.0
// Versions and npm ranges. An accepted version is safe in a path and reads back as itself; a range answers without surprise.
#include "release/version.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static const auto some = uprev::Version::parse("1.2.3");
    const auto version = uprev::Version::parse(text);
    if (version) {
        for (const char c : version->text())
            if (c == '/' || c == ' ' || c == '\0') std::abort();
        const auto again = uprev::Version::parse(version->text());
        if (!again || !(*again == *version) || (*version < *some && *some < *version)) std::abort();
    }
    const auto range = uprev::Range::parse(text);
    if (range && range->matches(*some) != range->matches(*some)) std::abort();
    return 0;
}
