// SPDX-License-Identifier: Apache-2.0
// Strict JSON: what is accepted comes back the same when it is written and read again.
#include "base/json.hpp"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = uprev::parse_json({reinterpret_cast<const char*>(data), size}, "input");
    if (!json) {
        if (json.error().message.empty()) std::abort();
        return 0;
    }
    const auto again = uprev::parse_json(json->dump(), "input");
    if (!again || *again != *json) std::abort();
    return 0;
}
