// SPDX-License-Identifier: Apache-2.0
#include "release/version.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace uprev {

namespace {

constexpr std::size_t longest = 256;
constexpr std::uint64_t largest_number = 9'007'199'254'740'991;  // 2^53 - 1, as npm has it; leaves room for "next major"

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_numeric(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }
bool is_identifier_character(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }

Error bad(std::string_view text, const std::string& why) {
    return fail(Code::invalid, "'" + excerpt(text) + "' is not a version: " + why, "write it as MAJOR.MINOR.PATCH, like 1.4.2");
}

Result<> check_identifier(std::string_view whole, std::string_view id, bool numbers_are_canonical) {
    if (id.empty()) return bad(whole, "an identifier is empty");
    if (!std::all_of(id.begin(), id.end(), is_identifier_character))
        return bad(whole, "only letters, digits and '-' may stand in an identifier");
    if (numbers_are_canonical && is_numeric(id) && id.size() > 1 && id.front() == '0')
        return bad(whole, "a number has a leading zero");
    return {};
}

Result<std::uint64_t> read_number(std::string_view whole, std::string_view text) {
    if (!is_numeric(text)) return bad(whole, "'" + excerpt(text) + "' is not a number");
    if (text.size() > 1 && text.front() == '0') return bad(whole, "a number has a leading zero");
    std::uint64_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc() || number > largest_number) return bad(whole, "a number is too large");
    return number;
}

// Everything behind the three numbers: "-rc.1+build.5".
Result<> read_suffix(std::string_view whole, std::string_view suffix, Version& version) {
    const auto plus = suffix.find('+');
    if (plus != std::string_view::npos) {
        version.build = suffix.substr(plus + 1);
        for (const auto& id : split(version.build, '.')) TRY_VOID(check_identifier(whole, id, false));
        suffix = suffix.substr(0, plus);
    }
    if (suffix.empty()) return {};
    version.prerelease = split(suffix.substr(1), '.');
    for (const auto& id : version.prerelease) TRY_VOID(check_identifier(whole, id, true));
    return {};
}

std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
    const bool a_number = is_numeric(a);
    const bool b_number = is_numeric(b);
    if (a_number != b_number) return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
    // Of two numbers without leading zeros the longer is the larger, whatever its size.
    if (a_number && a.size() != b.size()) return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
    if (text.size() > longest) return bad(text, "it is longer than 256 characters");
    Version version;
    version.spelling = text;
    auto rest = text;
    if (rest.starts_with('v')) rest.remove_prefix(1);
    const auto suffix = std::min(rest.find_first_of("-+"), rest.size());
    const auto numbers = split(rest.substr(0, suffix), '.');
    if (numbers.size() != 3) return bad(text, "it does not have three numbers");
    version.major = TRY(read_number(text, numbers[0]));
    version.minor = TRY(read_number(text, numbers[1]));
    version.patch = TRY(read_number(text, numbers[2]));
    TRY_VOID(read_suffix(text, rest.substr(suffix), version));
    return version;
}

std::string Version::text() const {
    auto out = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
    if (!prerelease.empty()) out += "-" + join(prerelease, ".");
    if (!build.empty()) out += "+" + build;
    return out;
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
    const std::array a_numbers{a.major, a.minor, a.patch};
    const std::array b_numbers{b.major, b.minor, b.patch};
    if (const auto order = a_numbers <=> b_numbers; order != 0) return order;
    if (a.prerelease.empty() != b.prerelease.empty())
        return a.prerelease.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    for (std::size_t i = 0; i < a.prerelease.size() && i < b.prerelease.size(); ++i)
        if (const auto order = compare_identifiers(a.prerelease[i], b.prerelease[i]); order != 0) return order;
    return a.prerelease.size() <=> b.prerelease.size();
}

Bump bump_between(const Version& from, const Version& to) {
    if (to == from) return Bump::none;
    if (to < from) return Bump::downgrade;
    if (to.major != from.major) return Bump::major;
    if (to.minor != from.minor) return Bump::minor;
    if (to.patch != from.patch) return Bump::patch;
    // Out of a pre-release: it promised nothing yet, so the step counts as the one that its numbers announce (as node-semver has it).
    if (from.patch != 0) return Bump::patch;
    return from.minor != 0 ? Bump::minor : Bump::major;
}

std::string_view bump_name(Bump bump) {
    switch (bump) {
        case Bump::none:
            return "none";
        case Bump::patch:
            return "patch";
        case Bump::minor:
            return "minor";
        case Bump::major:
            return "major";
        case Bump::downgrade:
            return "downgrade";
    }
    return "none";
}

}  // namespace uprev
