// SPDX-License-Identifier: Apache-2.0
#include "os/clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace uprev::os {
namespace {

TEST(Clock, WritesInstantsInUtc) {
    ::setenv("TZ", "America/New_York", 1);
    ::tzset();
    EXPECT_EQ(iso8601(1'795'233'300'000), "2026-11-21T03:55:00Z");
    EXPECT_EQ(compact_stamp(1'795'233'300'999), "20261121035500");
    EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(iso8601(-1), "1969-12-31T23:59:59Z");
    EXPECT_EQ(iso8601(-1000), "1969-12-31T23:59:59Z");
    EXPECT_EQ(iso8601(951'782'400'000), "2000-02-29T00:00:00Z");
    ::unsetenv("TZ");
    ::tzset();
}

TEST(Clock, GoesOn) {
    SystemClock clock;
    const auto steady = clock.steady();
    const auto wall = clock.wall_ms();
    clock.sleep(Milliseconds(30));
    clock.sleep(Milliseconds(-5));
    EXPECT_GE(clock.steady() - steady, Milliseconds(29));
    EXPECT_GE(clock.wall_ms() - wall, 29);
    EXPECT_NEAR(static_cast<double>(clock.wall_ms()) / 1000.0, static_cast<double>(std::time(nullptr)), 2.0);
}

}  // namespace
}  // namespace uprev::os
