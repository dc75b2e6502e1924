// SPDX-License-Identifier: Apache-2.0
#include "release/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;

Version v(std::string_view text) {
    auto version = Version::parse(text);
    EXPECT_TRUE(version.has_value()) << text;
    return version ? *version : Version{};
}

TEST(Version, ReadsAllParts) {
    const auto version = v("v1.22.333-rc.1.x-y+build.007");
    EXPECT_EQ(version.major, 1U);
    EXPECT_EQ(version.minor, 22U);
    EXPECT_EQ(version.patch, 333U);
    EXPECT_EQ(version.prerelease, (std::vector<std::string>{"rc", "1", "x-y"}));
    EXPECT_EQ(version.build, "build.007");
    EXPECT_EQ(version.spelling, "v1.22.333-rc.1.x-y+build.007");
    EXPECT_EQ(version.text(), "1.22.333-rc.1.x-y+build.007");
}

TEST(Version, TakesTheSpecificationsValidExamples) {
    for (const auto* text : {"0.0.4", "1.1.2-prerelease+meta", "1.0.0-alpha.beta.1", "1.0.0-alpha0.valid", "1.0.0-rc.1+build.1",
                             "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.0.0+0.build.1-rc.10000aaa-kk-0.1", "1.0.0-0A.is.legal",
                             "2.0.0-0", "9007199254740991.0.0"})
        EXPECT_TRUE(Version::parse(text).has_value()) << text;
}

TEST(Version, RefusesEverythingElse) {
    using namespace std::string_literals;
    const std::vector<std::string> bad{
        "", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3+a..b",
        "1.2.3+a+b", "V1.2.3", "vv1.2.3", "=1.2.3", " 1.2.3", "1.2.3 ", "-1.2.3", "+1.2.3", "1.-2.3", "a.b.c", "latest",
        "9007199254740992.0.0", "99999999999999999999999.0.0",
        // hostile ones
        "1.0;id", "1.0.0;id", "$(id)", "1.0.0-$(id)", "1.0.0`id`", "1.0.0\n", "1.0.0\n2.0.0", "1.0.0\0"s, "1.0.0\0.1"s,
        "../1.0.0", "1.0.0-../x", "1.0.0/..", "--to=1.0.0", "-rf", "1.0.0-é", "１.0.0", "1.0.0-rc\xe2\x80\xae.1", "1.0.0%00",
        "1.0.0'", "1.0.0\"", "1.0.0\\", "1.0.0|x", "1.0.0&x", "1.0.0>x", "~1.0.0", std::string(10'000, '1'),
        "1.0.0-" + std::string(10'000, 'a'), "1.0.0+" + std::string(251, 'a')};
    for (const auto& text : bad) {
        const auto version = Version::parse(text);
        ASSERT_FALSE(version.has_value()) << excerpt(text);
        EXPECT_EQ(version.error().code, Code::invalid);
        EXPECT_LT(version.error().message.size(), 400U);
        EXPECT_EQ(version.error().message.find_first_of("\n\r\x1b"), std::string::npos);
    }
    EXPECT_TRUE(Version::parse("1.0.0+" + std::string(250, 'a')).has_value());
}

TEST(Version, PrecedenceFollowsSection11) {
    const std::vector<std::string> ascending{"0.0.0-0",     "0.0.0",         "1.0.0-0",
                                             "1.0.0-9",     "1.0.0-10",      "1.0.0-99999999999999999999999",
                                             "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                             "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                             "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                                             "1.9.0",       "1.10.0",        "2.0.0"};
    for (std::size_t i = 0; i < ascending.size(); ++i)
        for (std::size_t j = 0; j < ascending.size(); ++j)
            EXPECT_EQ(v(ascending[i]) <=> v(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
    EXPECT_EQ(v("1.0.0+a"), v("1.0.0+b"));
}

TEST(Version, BumpsAreNamed) {
    const auto bump = [](const char* from, const char* to) { return std::string(bump_name(bump_between(v(from), v(to)))); };
    EXPECT_EQ(bump("1.4.0", "1.4.2"), "patch");
    EXPECT_EQ(bump("1.4.0", "1.5.0"), "minor");
    EXPECT_EQ(bump("1.4.0", "2.0.0"), "major");
    EXPECT_EQ(bump("1.4.0", "1.4.0+x"), "none");
    EXPECT_EQ(bump("1.4.0", "1.3.9"), "downgrade");
    EXPECT_EQ(bump("1.4.0", "1.4.0-rc.1"), "downgrade");
    EXPECT_EQ(bump("2.0.0-rc.1", "2.0.0"), "major");
    EXPECT_EQ(bump("1.5.0-rc.1", "1.5.0"), "minor");
    EXPECT_EQ(bump("1.5.1-rc.1", "1.5.1-rc.2"), "patch");
}

struct RangeCase {
    const char* range;
    std::vector<const char*> inside;
    std::vector<const char*> outside;
};

class Ranges : public ::testing::TestWithParam<RangeCase> {};

TEST_P(Ranges, MatchAsNpmMatches) {
    const auto range = Range::parse(GetParam().range);
    ASSERT_TRUE(range.has_value()) << GetParam().range;
    for (const auto* text : GetParam().inside)
        EXPECT_TRUE(range->matches(v(text))) << GetParam().range << " should hold " << text;
    for (const auto* text : GetParam().outside)
        EXPECT_FALSE(range->matches(v(text))) << GetParam().range << " should not hold " << text;
}

INSTANTIATE_TEST_SUITE_P(
    Npm, Ranges,
    ::testing::Values(
        RangeCase{"", {"0.0.0", "9.9.9"}, {"1.0.0-rc.1"}}, RangeCase{"*", {"1.2.3"}, {"1.2.3-0"}},
        RangeCase{"1.2.3", {"1.2.3", "1.2.3+b"}, {"1.2.4", "1.2.3-rc"}}, RangeCase{"=v1.2.3", {"1.2.3"}, {"1.2.2"}},
        RangeCase{"^1.2.3", {"1.2.3", "1.9.9"}, {"1.2.2", "2.0.0", "2.0.0-0", "1.9.0-rc"}},
        RangeCase{"^1.2.3-beta.2", {"1.2.3-beta.2", "1.2.3-beta.10", "1.2.3"}, {"1.2.3-beta.1", "1.2.4-beta.2"}},
        RangeCase{"^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0", "0.2.2"}}, RangeCase{"^0.0.3", {"0.0.3"}, {"0.0.4", "0.1.0"}},
        RangeCase{"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}}, RangeCase{"^0.x", {"0.0.0", "0.9.0"}, {"1.0.0"}},
        RangeCase{"^1.x", {"1.0.0", "1.9.0"}, {"2.0.0", "0.9.9"}}, RangeCase{"^*", {"0.0.1", "7.0.0"}, {}},
        RangeCase{"~1.2.3", {"1.2.3", "1.2.99"}, {"1.3.0", "1.2.2", "1.3.0-0"}},
        RangeCase{"~> 1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}}, RangeCase{"~1", {"1.0.0", "1.9.0"}, {"2.0.0"}},
        RangeCase{"~0.2.3", {"0.2.3"}, {"0.3.0"}}, RangeCase{"1.x", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"}},
        RangeCase{"1.2.X", {"1.2.0"}, {"1.3.0"}}, RangeCase{"1", {"1.5.0"}, {"2.0.0"}},
        RangeCase{"1.2.3 - 2.3.4", {"1.2.3", "2.3.4"}, {"1.2.2", "2.3.5"}},
        RangeCase{"1.2 - 2.3", {"1.2.0", "2.3.9"}, {"2.4.0", "1.1.9"}}, RangeCase{"1.2.3 - 2", {"2.9.9"}, {"3.0.0", "3.0.0-0"}},
        RangeCase{">=1.2.0 <2.0.0", {"1.2.0", "1.9.9"}, {"2.0.0", "1.1.9"}}, RangeCase{">= 18", {"18.0.0", "20.1.0"}, {"17.9.9"}},
        RangeCase{">1.2", {"1.3.0"}, {"1.2.9"}}, RangeCase{">1", {"2.0.0"}, {"1.9.9"}},
        RangeCase{"<1.2", {"1.1.9"}, {"1.2.0", "1.2.0-0"}}, RangeCase{"<=1.2", {"1.2.9"}, {"1.3.0"}},
        RangeCase{"<=2.0.0", {"2.0.0"}, {"2.0.1"}}, RangeCase{">*", {}, {"1.0.0", "0.0.0"}}, RangeCase{"<*", {}, {"1.0.0"}},
        RangeCase{">=*", {"1.0.0"}, {}}, RangeCase{"^1.0.0 || ~3.1", {"1.5.0", "3.1.2"}, {"2.0.0", "3.2.0"}},
        RangeCase{"1.0.0||", {"1.0.0", "5.0.0"}, {"1.0.0-rc"}},
        RangeCase{">1.2.3-alpha.3", {"1.2.3-alpha.7", "3.4.5"}, {"3.4.5-alpha.9"}},
        RangeCase{">=1.2.3 1.x", {"1.2.3", "1.9.0"}, {"2.0.0"}}));

TEST(Range, RefusesWhatNpmRefuses) {
    for (const auto* text : {"latest", "1.2.3.4", ">", "1.2.3 -", "^^1.2", ">=1.2.3-", "1.2-beta", "||x||y", "1.0.0;id", "blerg",
                             "git+https://x", "1.2.3 - 2.3.4 5", "01.2.3", "^1.2.03", "1.x.3", "=1.0.0 - 2.0.0"}) {
        const auto range = Range::parse(text);
        EXPECT_FALSE(range.has_value()) << text;
        if (!range) {
            EXPECT_THAT(range.error().message, HasSubstr("is not a version range"));
        }
    }
    EXPECT_FALSE(Range::parse(std::string(5000, '1')).has_value());
}

rc::Gen<Version> any_version() {
    return rc::gen::exec([] {
        static const std::vector<std::string> tails{"",     "",   "-0",      "-1", "-10", "-a", "-a.1",
                                                    "-a.b", "-A", "-rc.1+b", "+b", "-1a", "--"};
        const auto number = [] { return std::to_string(*rc::gen::inRange(0, 4)); };
        return v(number() + "." + number() + "." + number() + *rc::gen::elementOf(tails));
    });
}

RC_GTEST_PROP(VersionProperties, OrderIsTotal, ()) {
    const auto a = *any_version();
    const auto b = *any_version();
    const auto c = *any_version();
    RC_ASSERT((a <=> b) == (0 <=> (b <=> a)));
    if (a <= b && b <= c) RC_ASSERT(a <= c);
    RC_ASSERT((a == b) == (a.text().substr(0, a.text().find('+')) == b.text().substr(0, b.text().find('+'))));
}

RC_GTEST_PROP(VersionProperties, TextReadsBack, ()) {
    const auto version = *any_version();
    const auto again = v(version.text());
    RC_ASSERT(again == version);
    RC_ASSERT(again.text() == version.text());
}

RC_GTEST_PROP(VersionProperties, ParsedTextIsSafeInPathsAndArgv, (const std::string& noise)) {
    const auto version = Version::parse("1.0.0-" + noise);
    if (!version) return;
    const auto allowed = std::string("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.+-");
    RC_ASSERT(version->text().find_first_not_of(allowed) == std::string::npos);
    RC_ASSERT(version->text().find("/") == std::string::npos);
}

RC_GTEST_PROP(RangeProperties, ACaretHoldsItsOwnVersionAndNoOtherMajor, ()) {
    const auto a = *any_version();
    const auto b = *any_version();
    const auto range = Range::parse("^" + a.text());
    RC_ASSERT(range.has_value());
    RC_ASSERT(range->matches(a));
    if (range->matches(b)) RC_ASSERT(b.major == a.major && b >= a);
}

}  // namespace
}  // namespace uprev
