// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/text.hpp"

namespace uprev {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// Largest first: a duration's units must descend in this order.
constexpr std::array duration_units{Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                                    Unit{"m", 60'000},      Unit{"s", 1'000},      Unit{"ms", 1}};
constexpr std::uint64_t longest_ms = 10ULL * 366 * 86'400'000;

constexpr std::array size_units{
    Unit{"TiB", 1ULL << 40U},
    Unit{"GiB", 1ULL << 30U},
    Unit{"MiB", 1ULL << 20U},
    Unit{"KiB", 1ULL << 10U},
    Unit{"TB", 1'000'000'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"MB", 1'000'000},
    Unit{"kB", 1'000},
    Unit{"KB", 1'000},
    Unit{"B", 1},
};
constexpr double largest_size = 9.0e18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <typename Matches>
std::string_view take_while(std::string_view& rest, Matches matches) {
    std::size_t count = 0;
    while (count < rest.size() && matches(rest[count])) ++count;
    const auto taken = rest.substr(0, count);
    rest.remove_prefix(count);
    return taken;
}

// "12" or "1.5"; nothing for ".", "1.", "1.2.3" and numbers of more than 18 characters.
bool read_number(std::string_view text, double& value) {
    if (text.empty() || text.size() > 18 || !is_digit(text.front()) || !is_digit(text.back())) return false;
    const auto end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    return error == std::errc() && at == end;
}

std::string print(const char* format, double value) {
    std::array<char, 64> buffer{};
    const int size = std::snprintf(buffer.data(), buffer.size(), format, value);
    return {buffer.data(), static_cast<std::size_t>(size)};
}

Error bad_duration(std::string_view text) {
    return fail(Code::invalid, "'" + excerpt(text) + "' is not a duration",
                "write it with units, like '500ms', '30s', '5m' or '1h30m'");
}

Error bad_size(std::string_view text) {
    return fail(Code::invalid, "'" + excerpt(text) + "' is not a size", "write it with a unit, like '256MiB' or '2GB'");
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    auto rest = trim(text);
    if (rest == "0") return std::chrono::milliseconds(0);
    if (rest.empty()) return bad_duration(text);
    double total = 0;
    std::size_t next_unit = 0;
    while (!rest.empty()) {
        double number = 0;
        if (!read_number(take_while(rest, [](char c) { return is_digit(c) || c == '.'; }), number)) return bad_duration(text);
        const auto name = take_while(rest, is_letter);
        auto unit = next_unit;
        while (unit < duration_units.size() && duration_units[unit].name != name) ++unit;
        if (unit == duration_units.size()) return bad_duration(text);
        total += number * static_cast<double>(duration_units[unit].factor);
        next_unit = unit + 1;
    }
    if (total > static_cast<double>(longest_ms)) return fail(Code::invalid, "'" + excerpt(text) + "' is longer than ten years");
    return std::chrono::milliseconds(std::llround(total));
}

Result<std::uint64_t> parse_size(std::string_view text) {
    auto rest = trim(text);
    if (rest == "0") return std::uint64_t{0};
    const auto digits = take_while(rest, [](char c) { return is_digit(c) || c == '.'; });
    double number = 0;
    if (!read_number(digits, number)) return bad_size(text);
    rest = trim(rest);
    for (const auto& unit : size_units) {
        if (rest != unit.name) continue;
        if (number * static_cast<double>(unit.factor) > largest_size)
            return fail(Code::invalid, "'" + excerpt(text) + "' is too large");
        std::uint64_t whole = 0;
        const auto end = digits.data() + digits.size();
        if (std::from_chars(digits.data(), end, whole).ptr == end) return whole * unit.factor;  // exact where a double isn't
        return static_cast<std::uint64_t>(number * static_cast<double>(unit.factor));
    }
    return bad_size(text);
}

std::string format_duration(std::chrono::milliseconds time) {
    auto rest = static_cast<std::uint64_t>(time.count() < 0 ? 0 : time.count());
    std::string out;
    for (const auto& unit : duration_units) {
        if (unit.name == "w" || rest < unit.factor) continue;
        out += std::to_string(rest / unit.factor) + std::string(unit.name);
        rest %= unit.factor;
    }
    return out.empty() ? "0s" : out;
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& unit : size_units)
        if (bytes != 0 && unit.name.size() != 2 && bytes % unit.factor == 0)
            return std::to_string(bytes / unit.factor) + std::string(unit.name);
    return "0B";
}

std::string human_duration(std::chrono::milliseconds time) {
    const auto ms = time.count() < 0 ? 0 : time.count();
    if (ms < 1'000) return std::to_string(ms) + " ms";
    if (ms < 59'950) return print("%.1f s", static_cast<double>(ms) / 1000.0);
    const auto seconds = (ms + 500) / 1'000;
    const auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (seconds < 3'600) return std::to_string(seconds / 60) + "m " + two(seconds % 60) + "s";
    if (seconds < 86'400) return std::to_string(seconds / 3'600) + "h " + two(seconds / 60 % 60) + "m";
    return std::to_string(seconds / 86'400) + "d " + std::to_string(seconds / 3'600 % 24) + "h";
}

std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " B";
    constexpr std::array<std::string_view, 6> names{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes) / 1024.0;
    std::size_t name = 0;
    while (value >= 1023.95 && name + 1 < names.size()) {
        value /= 1024.0;
        ++name;
    }
    return print("%.1f ", value) + std::string(names[name]);
}

}  // namespace uprev
