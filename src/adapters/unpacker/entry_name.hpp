// SPDX-License-Identifier: Apache-2.0
// Which names an archive's entry may have, and when two of them are the same to some file system or reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

// "./a/b/" -> "a/b"; "./" -> "" (the release folder itself). Refused, naming the entry: absolute names, "..", ".", empty
// components, components over 255 bytes, more than `depth` components, and what name_problem() finds.
Result<std::string> clean_name(std::string_view name, std::uint32_t depth);

// What no name and no link target may have: "holds a control character", "is no UTF-8", "is no composed Unicode (NFC)", "is too long";
// empty when it has none of these. macOS packs decomposed names unless told otherwise.
std::string name_problem(std::string_view name);

// Equal for names that differ only by case or by Unicode form (NFKC, full case folding).
std::string collision_key(std::string_view name);

// For messages: control characters and odd bytes escaped, shortened.
std::string shown_name(std::string_view name);

}  // namespace uprev
