// SPDX-License-Identifier: Apache-2.0
#include "engine/patience.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace uprev {

namespace {
class Watch final : public os::Clock {
   public:
    std::int64_t wall_ms() const override { return now.count(); }
    os::Milliseconds steady() const override { return now; }
    void sleep(os::Milliseconds time) override { now += time; }
    os::Milliseconds now{0};
};

struct Tried {
    int attempts = 0;
    int told = 0;
    os::Milliseconds took{0};
    Result<> result;
};

// Fails with the given codes, one after the other, the last for ever; an empty list succeeds. `ok`: succeeds after them.
Tried try_with(const std::vector<Code>& codes, bool ok, os::Milliseconds limit = os::Milliseconds(30'000)) {
    Watch clock;
    Tried out;
    out.result = patiently(
        clock, limit,
        [&]() -> Result<> {
            const auto at = static_cast<std::size_t>(out.attempts++);
            if (codes.empty() || (ok && at >= codes.size())) return {};
            return fail(codes[std::min(at, codes.size() - 1)], "no");
        },
        [&](const Error&) { ++out.told; });
    out.took = clock.now;
    return out;
}
}  // namespace

TEST(Patience, SuccessNeedsNone) {
    const auto tried = try_with({}, true);
    EXPECT_TRUE(tried.result);
    EXPECT_EQ(tried.attempts, 1);
    EXPECT_EQ(tried.took.count(), 0);
}

TEST(Patience, AFaultOfTheStepIsTriedThreeTimes) {
    const auto tried = try_with({Code::failed}, false);
    EXPECT_FALSE(tried.result);
    EXPECT_EQ(tried.attempts, 3);
    EXPECT_EQ(tried.told, 0);
}

TEST(Patience, AServerThatComesBackIsWaitedFor) {
    const auto tried = try_with(std::vector<Code>(8, Code::unavailable), true);
    EXPECT_TRUE(tried.result);
    EXPECT_EQ(tried.attempts, 9);
    EXPECT_EQ(tried.told, 1) << "once, when it takes longer than usual";
}

TEST(Patience, OneThatStaysAwayIsWaitedForUpToTheLimit) {
    for (const auto code : {Code::unavailable, Code::exhausted}) {
        const auto tried = try_with({code}, false, os::Milliseconds(10'000));
        EXPECT_EQ(tried.result.error().code, code);
        EXPECT_GE(tried.took.count(), 10'000);
        EXPECT_LT(tried.took.count(), 12'001);
    }
}

TEST(Patience, AnAnswerAfterTheWaitCountsByItself) {
    const auto tried = try_with({Code::unavailable, Code::unavailable, Code::unavailable, Code::failed}, false);
    EXPECT_EQ(tried.result.error().code, Code::failed);
    EXPECT_EQ(tried.attempts, 4);
}

TEST(Patience, APersonsDecisionIsNotTriedAgain) {
    EXPECT_EQ(try_with({Code::needs_operator}, false).attempts, 1);
    EXPECT_EQ(try_with({Code::unavailable}, false, os::Milliseconds(0)).attempts, 1) << "no patience asked for";
}

}  // namespace uprev
