// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <sstream>

#include "adapters/database/pg_content.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {
constexpr std::string_view block_start = "\n--\n-- Name: ";

bool volatile_line(std::string_view line) {
    constexpr std::array starts{"-- Dumped from database version",
                                "-- Dumped by pg_dump version",
                                "\\restrict ",
                                "\\unrestrict ",
                                "-- Started on",
                                "-- Completed on"};
    return std::ranges::any_of(starts, [&](std::string_view start) { return line.starts_with(start); });
}

void erase_all(std::string& text, std::string_view word) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) text.erase(at, word.size());
}

// PostgreSQL stores `status IN ('a', 'b')` on a varchar with casts around the array, and after a round trip around its elements:
// the same expression, other text. Casts to character types and parentheses are therefore left out; nothing else is.
std::string without_redundant_casts(std::string line) {
    for (const auto* cast :
         {"::character varying[]", "::text[]", "::bpchar[]", "::character varying", "::text", "::bpchar", "(", ")"})
        erase_all(line, cast);
    return line;
}

std::string canonical(std::string_view block) {
    std::istringstream lines{std::string(block)};
    std::string out;
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && !volatile_line(line)) out += without_redundant_casts(std::move(line)) + "\n";
    return out;
}

std::vector<std::string> blocks(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = text.find(block_start, 1);
        out.push_back(canonical(text.substr(0, end)));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    }
    return out;
}
}  // namespace

std::string pg_schema_digest(const std::string& schema_sql, const std::string& tool_version) {
    auto parts = blocks(schema_sql);
    // The first block is the header of settings; the rest is ordered by object ids where names are equal.
    std::ranges::sort(parts);
    Sha256 hash;
    for (const auto& part : parts) {
        hash.update(part);
        hash.update("\n\f\n");
    }
    return tool_version + "/" + hash.finish().hex;
}

}  // namespace uprev
