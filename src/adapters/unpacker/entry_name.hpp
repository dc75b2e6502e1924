// SPDX-License-Identifier: Apache-2.0
// Which names an archive's entry may have, and when two of them are the same to some file system or reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

// "./a/b/" -> "a/b"; "./" -> "" (the release folder itself). Refused, naming the entry: absolute names, "..", ".", empty
// components, control characters, bytes that are no UTF-8, components over 255 bytes, names over 4000, more than `depth` components.
Result<std::string> clean_name(std::string_view name, std::uint32_t depth);

// Equal for names that differ only by case or by Unicode form (NFKC, full case folding).
std::string collision_key(std::string_view name);

// For messages: control characters and odd bytes escaped, shortened.
std::string shown_name(std::string_view name);

}  // namespace uprev
