// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/table_counts.hpp"

#include <map>

namespace uprev {

namespace {
constexpr std::size_t differences_shown = 3;

std::map<std::string, std::uint64_t> by_name(const std::vector<TableCount>& tables) {
    std::map<std::string, std::uint64_t> out;
    for (const auto& table : tables) out[table.table] = table.rows;
    return out;
}
}  // namespace

std::string difference(const std::vector<TableCount>& expected, const std::vector<TableCount>& found) {
    const auto wanted = by_name(expected);
    const auto seen = by_name(found);
    std::vector<std::string> lines;
    for (const auto& [table, rows] : wanted) {
        const auto it = seen.find(table);
        if (it == seen.end()) {
            lines.push_back(table + " is missing");
        } else if (it->second != rows) {
            lines.push_back(table + " has " + std::to_string(it->second) + " rows instead of " + std::to_string(rows));
        }
    }
    for (const auto& [table, rows] : seen)
        if (!wanted.contains(table)) lines.push_back(table + " should not be there");
    std::string out;
    for (std::size_t i = 0; i < lines.size() && i < differences_shown; ++i) out += (i ? "; " : "") + lines[i];
    if (lines.size() > differences_shown) out += "; and " + std::to_string(lines.size() - differences_shown) + " more";
    return out;
}

}  // namespace uprev
