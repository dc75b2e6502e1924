// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "release/config.hpp"
#include "release/zone.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;

// 2026-03-29 is the Sunday on which Berlin's clocks go from 02:00 to 03:00 (01:00 UTC); on 2026-10-25 they go back.
constexpr std::int64_t spring = 1'774'746'000;  // 2026-03-29T01:00:00Z
constexpr std::int64_t autumn = 1'792'890'000;  // 2026-10-25T01:00:00Z

TEST(Zone, BerlinChangesAtTheRightSecond) {
    const auto zone = Zone::load("Europe/Berlin");
    ASSERT_TRUE(zone.has_value()) << zone.error().text();
    EXPECT_EQ(zone->offset_at(spring - 1), 3'600);
    EXPECT_EQ(zone->offset_at(spring), 7'200);
    EXPECT_EQ(zone->offset_at(autumn - 1), 7'200);
    EXPECT_EQ(zone->offset_at(autumn), 3'600);
    EXPECT_EQ(zone->offset_at(0), 3'600);
    EXPECT_EQ(zone->offset_at(-4'000'000'000), 3'208);  // local mean time
    EXPECT_EQ(zone->offset_at(4'118'000'000), 7'200);   // 2100-06-30, by the rule
    EXPECT_EQ(zone->offset_at(4'133'000'000), 3'600);   // 2100-12-20
}

TEST(Zone, RulesAloneAgreeWithTheTables) {
    const auto rule = Zone::from_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    const auto table = Zone::load("Europe/Berlin");
    for (std::int64_t at = 1'600'000'000; at < 2'100'000'000; at += 86'400 / 3 + 7)
        ASSERT_EQ(rule->offset_at(at), table->offset_at(at)) << at;
}

TEST(Zone, SouthernHalfHourNegativeAndJulianRules) {
    const auto sydney = Zone::from_rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
    EXPECT_EQ(sydney->offset_at(1'768'000'000), 39'600);  // January
    EXPECT_EQ(sydney->offset_at(1'783'000'000), 36'000);  // July
    EXPECT_EQ(Zone::from_rule("<+0530>-5:30")->offset_at(0), 19'800);
    EXPECT_EQ(Zone::from_rule("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1")->offset_at(1'768'000'000), -10'800);
    const auto julian = Zone::from_rule("AAA0BBB,J60/0,300/0");
    EXPECT_EQ(julian->offset_at(1'709'251'200 - 1), 0);  // 2024-02-29: J60 is the first of March, leap year or not
    EXPECT_EQ(julian->offset_at(1'709'251'200), 3'600);
    EXPECT_EQ(Zone::load("UTC")->offset_at(spring), 0);
}

TEST(Zone, EveryZoneOfTheSystemParsesAndDamagedOnesAreRefused) {
    for (const auto* name : {"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "America/Nuuk",
                             "Pacific/Apia", "Etc/GMT+5", "Europe/Dublin"})
        EXPECT_TRUE(Zone::load(name).has_value()) << name;
    EXPECT_EQ(Zone::load("Europe/Berln").error().code, Code::not_found);
    EXPECT_EQ(Zone::load("../../etc/passwd").error().code, Code::invalid);
    EXPECT_EQ(Zone::parse("no zone").error().code, Code::corrupt);
    for (const auto* rule : {"", "C1", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
                             "<CET-1", "CET-1CEST,J0,J5"})
        EXPECT_FALSE(Zone::from_rule(rule).has_value()) << rule;
}

WindowSpec night(std::vector<std::string> days = {}) { return {std::move(days), "02:00", "05:00", "Europe/Berlin"}; }

WindowState at(const std::vector<WindowSpec>& windows, std::int64_t utc) {
    const auto state = window_state(windows, utc * 1'000);
    EXPECT_TRUE(state.has_value());
    return state ? *state : WindowState{};
}

constexpr std::int64_t friday = 1'773'961'200;  // 2026-03-20T00:00 in Berlin (UTC+1)

TEST(Window, NoneMeansAlwaysOpen) { EXPECT_TRUE(at({}, friday).open); }

TEST(Window, OpensAndClosesToTheMinute) {
    EXPECT_FALSE(at({night()}, friday + 2 * 3'600 - 1).open);
    EXPECT_TRUE(at({night()}, friday + 2 * 3'600).open);
    EXPECT_TRUE(at({night()}, friday + 5 * 3'600 - 1).open);
    EXPECT_FALSE(at({night()}, friday + 5 * 3'600).open);
}

TEST(Window, SaysWhenTheNextOneOpens) {
    EXPECT_EQ(at({night()}, friday).next, "fri 02:00 Europe/Berlin (in 2h 00m)");
    EXPECT_EQ(at({night({"sat"})}, friday).next, "sat 02:00 Europe/Berlin (in 1d 2h)");
    EXPECT_EQ(at({night({"thu"})}, friday).next, "thu 02:00 Europe/Berlin (in 6d 2h)");
    EXPECT_EQ(at({night({"sat"}), {{"fri"}, "23:00", "24:00", "UTC"}}, friday).next, "fri 23:00 UTC (in 1d 0h)");
}

TEST(Window, PastMidnightBelongsToTheDayItOpenedOn) {
    const WindowSpec late{{"fri"}, "23:00", "02:00", "Europe/Berlin"};
    EXPECT_FALSE(at({late}, friday + 3'600).open);  // Friday 01:00 is Thursday's night
    EXPECT_TRUE(at({late}, friday + 23 * 3'600).open);
    EXPECT_TRUE(at({late}, friday + 25 * 3'600).open);
    EXPECT_FALSE(at({late}, friday + 26 * 3'600).open);
}

TEST(Window, ClocksThatJumpAreFollowed) {
    // 02:00 doesn't exist on that Sunday: the window begins at 03:00, an hour short.
    EXPECT_FALSE(at({night()}, spring - 1).open);
    EXPECT_TRUE(at({night()}, spring).open);
    EXPECT_EQ(at({night()}, spring - 60).next, "sun 03:00 Europe/Berlin (in 1m 00s)");
    // 02:30 comes twice in autumn; both are inside.
    EXPECT_TRUE(at({night()}, autumn - 1'800).open);
    EXPECT_TRUE(at({night()}, autumn + 1'800).open);
    // A window that lies wholly in the skipped hour waits for the next week.
    EXPECT_EQ(at({{{"sun"}, "02:10", "02:50", "Europe/Berlin"}}, spring - 60).next, "sun 02:10 Europe/Berlin (in 6d 23h)");
}

TEST(Window, BadOnesAreErrors) {
    EXPECT_EQ(window_state({{{}, "02:00", "05:00", "Mars/Base"}}, 0).error().code, Code::not_found);
    EXPECT_THAT(window_state({{{"fry"}, "02:00", "05:00", "UTC"}}, 0).error().message, HasSubstr("'fry'"));
    EXPECT_FALSE(window_state({{{}, "2:00", "05:00", "UTC"}}, 0).has_value());
}

}  // namespace
}  // namespace uprev
