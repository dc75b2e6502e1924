// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace uprev {
namespace {

using std::chrono::milliseconds;

TEST(Duration, ReadsWhatPeopleWrite) {
    const std::map<std::string, std::int64_t> cases{
        {"500ms", 500}, {"30s", 30'000},       {"5m", 300'000},     {"1h30m", 5'400'000}, {"1.5h", 5'400'000}, {"0", 0},
        {"0s", 0},      {" 2d ", 172'800'000}, {"1w", 604'800'000}, {"1s500ms", 1500},    {"0.5s", 500}};
    for (const auto& [text, ms] : cases) {
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(parsed.has_value()) << text;
        EXPECT_EQ(parsed->count(), ms) << text;
    }
}

TEST(Duration, RefusesGuesses) {
    for (const auto* text : {"", "30", "s", "-5s", "5 m 3", "5S", "1m1h", "1s1s", "1..5s", ".5s", "5.s", "1e3s", "30sec",
                             "11000000000000000h", "20000w", "1h 30m", "0x10s"})
        EXPECT_FALSE(parse_duration(text).has_value()) << text;
}

TEST(Duration, PrintsExactlyAndReadsItBack) {
    for (const std::int64_t ms :
         std::vector<std::int64_t>{0, 1, 999, 1000, 1500, 60'000, 90'000, 3'600'000, 86'400'000, 90'061'001, 604'800'000}) {
        const auto text = format_duration(milliseconds(ms));
        EXPECT_EQ(parse_duration(text)->count(), ms) << text;
    }
    EXPECT_EQ(format_duration(milliseconds(90'000)), "1m30s");
    EXPECT_EQ(format_duration(milliseconds(604'800'000)), "7d");
}

TEST(Size, ReadsBothFamilies) {
    EXPECT_EQ(*parse_size("256MiB"), 268'435'456U);
    EXPECT_EQ(*parse_size("2GB"), 2'000'000'000U);
    EXPECT_EQ(*parse_size("1.5KiB"), 1536U);
    EXPECT_EQ(*parse_size("10 kB"), 10'000U);
    EXPECT_EQ(*parse_size("0"), 0U);
    for (const auto* text : {"", "5", "-1MiB", "5mib", "5 M", "MiB", "1e3B", "99999999999999999TiB"})
        EXPECT_FALSE(parse_size(text).has_value()) << text;
}

TEST(Size, PrintsExactlyAndReadsItBack) {
    for (const std::uint64_t bytes :
         std::vector<std::uint64_t>{0, 1, 1024, 1'000'000, 256ULL << 20U, 2ULL << 30U, 1ULL << 40U, 1536, (1ULL << 53U) + 1})
        EXPECT_EQ(*parse_size(format_size(bytes)), bytes) << format_size(bytes);
    EXPECT_EQ(format_size(2ULL << 30U), "2GiB");
}

TEST(Human, RoundsForPeople) {
    EXPECT_EQ(human_duration(milliseconds(340)), "340 ms");
    EXPECT_EQ(human_duration(milliseconds(4'200)), "4.2 s");
    EXPECT_EQ(human_duration(milliseconds(59'970)), "1m 00s");
    EXPECT_EQ(human_duration(milliseconds(192'000)), "3m 12s");
    EXPECT_EQ(human_duration(milliseconds(7'500'000)), "2h 05m");
    EXPECT_EQ(human_duration(milliseconds(273'600'000)), "3d 4h");
    EXPECT_EQ(human_size(512), "512 B");
    EXPECT_EQ(human_size(1'468'006), "1.4 MiB");
    EXPECT_EQ(human_size(1'048'575), "1.0 MiB");
    EXPECT_EQ(human_size(2ULL << 30U), "2.0 GiB");
}

}  // namespace
}  // namespace uprev
