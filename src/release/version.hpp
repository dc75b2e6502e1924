// SPDX-License-Identifier: Apache-2.0
// Semantic Versioning 2.0.0, whole: precedence, pre-releases, build metadata. A leading `v` is tolerated and remembered in `spelling`.
// Ranges as npm writes them (node-semver): ^ ~ x-ranges, hyphen ranges, ||, comparators; pre-releases only match where npm lets them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev {

struct Version {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::uint64_t patch = 0;
    std::vector<std::string> prerelease;  // "rc.1" -> {"rc", "1"}
    std::string build;                    // ignored by precedence
    std::string spelling;                 // as written

    // At most 256 characters of [0-9A-Za-z.+-]; anything else is Code::invalid (so a version is safe in a path and an argv).
    static Result<Version> parse(std::string_view text);
    [[nodiscard]] std::string text() const;  // canonical, without `v`
    [[nodiscard]] bool is_prerelease() const { return !prerelease.empty(); }

    friend std::strong_ordering operator<=>(const Version& a, const Version& b);  // semver 2.0 section 11
    friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }
};

enum class Bump { none, patch, minor, major, downgrade };
Bump bump_between(const Version& from, const Version& to);
std::string_view bump_name(Bump bump);

class Range {
   public:
    static Result<Range> parse(std::string_view text);  // "" and "*" match every release version
    [[nodiscard]] bool matches(const Version& version) const;
    [[nodiscard]] const std::string& text() const { return text_; }

   private:
    enum class Op { less, less_equal, greater, greater_equal, equal };
    struct Comparator {
        Op op = Op::equal;
        Version version;
    };
    std::string text_;
    std::vector<std::vector<Comparator>> alternatives_;
    friend struct RangeParser;
};

}  // namespace uprev
