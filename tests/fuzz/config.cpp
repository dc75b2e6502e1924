// SPDX-License-Identifier: Apache-2.0
// Site and release files. What is accepted survives being pinned in the journal.
#include "release/config.hpp"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto site = uprev::parse_site({{"site", "uprev.yaml", text}});
    if (site) {
        const auto json = uprev::to_json(site->site);
        const auto again = uprev::site_from_json(json);
        if (!again || uprev::to_json(*again) != json) std::abort();
    } else if (site.error().message.empty()) {
        std::abort();
    }
    const auto release = uprev::parse_release(text, "uprev.release.yaml");
    if (release) {
        const auto json = uprev::to_json(*release);
        const auto again = uprev::release_from_json(json);
        if (!again || uprev::to_json(*again) != json) std::abort();
    }
    return 0;
}
