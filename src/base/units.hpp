// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them, both ways. A bare number is refused, because its unit would be a guess ("0" is fine).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

// '500ms', '30s', '5m', '1h30m', '1.5h', '7d', '1w'; units descend and none comes twice. At most 10 years. Code::invalid otherwise.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// '256MiB' (powers of 1024: KiB … TiB), '2GB' (powers of 1000: kB, KB … TB), '10B', '1.5GiB'. Code::invalid otherwise.
Result<std::uint64_t> parse_size(std::string_view text);

// Exact and shortest, readable again by parse_duration: 90000 ms is "1m30s", 1500 ms is "1s500ms".
std::string format_duration(std::chrono::milliseconds time);
// Exact, readable again by parse_size: "256MiB" where it divides evenly, else "1000000B".
std::string format_size(std::uint64_t bytes);

// For people, rounded: "340 ms", "4.2 s", "3m 12s", "2h 05m", "3d 4h".
std::string human_duration(std::chrono::milliseconds time);
// For people, rounded: "512 B", "1.4 MiB", "2.0 GiB".
std::string human_size(std::uint64_t bytes);

}  // namespace uprev
