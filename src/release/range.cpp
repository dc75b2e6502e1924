// SPDX-License-Identifier: Apache-2.0
// Ranges by node-semver's grammar (its README, "Ranges"), desugared to comparators the way its `replaceCarets` and the others do.
#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "release/version.hpp"

namespace uprev {

namespace {

constexpr std::size_t longest = 4096;

// "1.2", "1.x", "*": what is absent or an x is nullopt, and so is all behind it.
struct Partial {
    std::optional<std::uint64_t> major;
    std::optional<std::uint64_t> minor;
    std::optional<std::uint64_t> patch;
    std::vector<std::string> prerelease;
};

Error bad(std::string_view range, std::string_view part) {
    return fail(Code::invalid, "'" + excerpt(range) + "' is not a version range: '" + excerpt(part) + "' is not understood",
                "write it as npm does, like ^1.4.0, ~1.4, >=1.2.0 <2.0.0 or 1.x || 2.1.0");
}

bool is_x(std::string_view text) { return text == "x" || text == "X" || text == "*"; }

Result<Partial> parse_partial(std::string_view range, std::string_view part) {
    auto rest = part;
    if (rest.starts_with('=')) rest.remove_prefix(1);
    if (rest.starts_with('v')) rest.remove_prefix(1);
    const auto suffix = std::min(rest.find_first_of("-+"), rest.size());
    auto numbers = split(rest.substr(0, suffix), '.');
    if (numbers.size() > 3 || (suffix != rest.size() && numbers.size() != 3)) return bad(range, part);
    std::size_t known = 0;
    while (known < numbers.size() && !is_x(numbers[known])) ++known;
    for (std::size_t i = known; i < numbers.size(); ++i) {
        if (!is_x(numbers[i])) return bad(range, part);  // 1.x.3
        numbers[i] = "0";
    }
    numbers.resize(3, "0");
    const auto version = Version::parse(join(numbers, ".") + std::string(rest.substr(suffix)));
    if (!version) return bad(range, part);
    Partial partial;
    if (known > 0) partial.major = version->major;
    if (known > 1) partial.minor = version->minor;
    if (known > 2) {
        partial.patch = version->patch;
        partial.prerelease = version->prerelease;
    }
    return partial;
}

Version at(std::uint64_t major, std::uint64_t minor, std::uint64_t patch, std::vector<std::string> prerelease = {}) {
    Version version;
    version.major = major;
    version.minor = minor;
    version.patch = patch;
    version.prerelease = std::move(prerelease);
    version.spelling = version.text();
    return version;
}

Version floor_of(const Partial& p) { return at(p.major.value_or(0), p.minor.value_or(0), p.patch.value_or(0), p.prerelease); }

// The first version behind all that the partial covers, lowest pre-release included: 1.2 -> 1.3.0-0. REQUIRES: major.
Version ceiling_of(const Partial& p, bool lowest_prerelease = true) {
    const std::vector<std::string> zero = lowest_prerelease ? std::vector<std::string>{"0"} : std::vector<std::string>{};
    return p.minor ? at(*p.major, *p.minor + 1, 0, zero) : at(*p.major + 1, 0, 0, zero);
}

}  // namespace

struct RangeParser {
    using Op = Range::Op;
    using Comparators = std::vector<Range::Comparator>;
    std::string_view range;
    Comparators out = {};

    void add(Op op, Version version) { out.push_back({op, std::move(version)}); }
    void add_nothing() { add(Op::less, at(0, 0, 0, {"0"})); }

    void caret(const Partial& p) {
        if (!p.major) return;
        add(Op::greater_equal, floor_of(p));
        if (*p.major > 0 || !p.minor)
            add(Op::less, at(*p.major + 1, 0, 0, {"0"}));
        else if (*p.minor > 0 || !p.patch)
            add(Op::less, at(0, *p.minor + 1, 0, {"0"}));
        else
            add(Op::less, at(0, 0, *p.patch + 1, {"0"}));
    }
    void tilde(const Partial& p) {
        if (!p.major) return;
        add(Op::greater_equal, floor_of(p));
        add(Op::less, ceiling_of(p));
    }
    void plain(const Partial& p) {
        if (!p.major) return;
        if (p.patch) return add(Op::equal, floor_of(p));
        tilde(p);
    }
    void greater(const Partial& p) {
        if (!p.major) return add_nothing();
        if (p.patch) return add(Op::greater, floor_of(p));
        add(Op::greater_equal, ceiling_of(p, false));
    }
    void less(const Partial& p) {
        if (!p.major) return add_nothing();
        add(Op::less, p.patch ? floor_of(p) : at(*p.major, p.minor.value_or(0), 0, {"0"}));
    }
    void up_to(const Partial& p) {
        if (!p.major) return;
        if (p.patch) return add(Op::less_equal, floor_of(p));
        add(Op::less, ceiling_of(p));
    }
    void from(const Partial& p) {
        if (p.major) add(Op::greater_equal, floor_of(p));
    }

    Result<> word(std::string_view text) {
        struct Prefix {
            std::string_view spelling;
            void (RangeParser::*apply)(const Partial&);
        };
        static constexpr Prefix prefixes[] = {
            {"^", &RangeParser::caret},  {"~>", &RangeParser::tilde},  {"~", &RangeParser::tilde}, {">=", &RangeParser::from},
            {"<=", &RangeParser::up_to}, {">", &RangeParser::greater}, {"<", &RangeParser::less},  {"", &RangeParser::plain}};
        for (const auto& prefix : prefixes) {
            if (!text.starts_with(prefix.spelling)) continue;
            const auto partial = TRY(parse_partial(range, text.substr(prefix.spelling.size())));
            (this->*prefix.apply)(partial);
            return {};
        }
        return bad(range, text);
    }

    // An operator may stand apart from its version: ">= 1.2" is ">=1.2".
    static std::vector<std::string> words_of(std::string_view text) {
        std::vector<std::string> words;
        for (auto& word : split_words(text)) {
            const bool joins = !words.empty() && words.back().find_first_not_of("<>=~^") == std::string::npos;
            if (joins)
                words.back() += word;
            else
                words.push_back(std::move(word));
        }
        return words;
    }

    Result<Comparators> alternative(std::string_view text) {
        out.clear();
        const auto parts = split_words(text);
        if (parts.size() == 3 && parts[1] == "-") {
            if (parts[0].starts_with('=') || parts[2].starts_with('=')) return bad(range, text);
            from(TRY(parse_partial(range, parts[0])));
            up_to(TRY(parse_partial(range, parts[2])));
            return out;
        }
        for (const auto& part : words_of(text)) TRY_VOID(word(part));
        return out;
    }

    static Result<Range> parse(std::string_view text) {
        if (text.size() > longest) return fail(Code::invalid, "a version range is longer than 4096 characters");
        Range result;
        result.text_ = trim(text);
        for (std::string_view rest = text;;) {
            const auto bars = rest.find("||");
            RangeParser parser{text};
            result.alternatives_.push_back(TRY(parser.alternative(rest.substr(0, bars))));
            if (bars == std::string_view::npos) return result;
            rest.remove_prefix(bars + 2);
        }
    }

    static bool holds(const Range::Comparator& comparator, const Version& version) {
        switch (comparator.op) {
            case Op::less:
                return version < comparator.version;
            case Op::less_equal:
                return version <= comparator.version;
            case Op::greater:
                return version > comparator.version;
            case Op::greater_equal:
                return version >= comparator.version;
            case Op::equal:
                return version == comparator.version;
        }
        return false;
    }

    // A pre-release is let in only by a comparator that names a pre-release of the same three numbers: who wrote ^1.2.3
    // did not ask for 1.9.0-beta.
    static bool admits(const Comparators& comparators, const Version& version) {
        const auto asks_for_it = [&](const Range::Comparator& c) {
            const auto& v = c.version;
            return v.is_prerelease() && v.major == version.major && v.minor == version.minor && v.patch == version.patch;
        };
        return !version.is_prerelease() || std::any_of(comparators.begin(), comparators.end(), asks_for_it);
    }
};

Result<Range> Range::parse(std::string_view text) { return RangeParser::parse(text); }

bool Range::matches(const Version& version) const {
    return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const auto& all) {
        return std::all_of(all.begin(), all.end(), [&](const auto& one) { return RangeParser::holds(one, version); }) &&
               RangeParser::admits(all, version);
    });
}

}  // namespace uprev
