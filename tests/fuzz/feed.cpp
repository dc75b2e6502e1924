// SPDX-License-Identifier: Apache-2.0
// Feeds, which nobody has signed. Accepted ones are in order and name no version twice.
#include "release/feed.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto feed = uprev::parse_feed({reinterpret_cast<const char*>(data), size}, "feed");
    if (!feed) {
        if (feed.error().message.empty()) std::abort();
        return 0;
    }
    for (std::size_t i = 1; i < feed->releases.size(); ++i)
        if (!(feed->releases[i].version < feed->releases[i - 1].version)) std::abort();
    return 0;
}
