// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return fail(Code::invalid, "odd number " + std::to_string(number), "give an even one");
    return number / 2;
}

Result<int> quarter(int number) {
    const int once = TRY(half(number).within("first half"));
    return TRY(half(once).within("second half")) + 0;
}

TEST(Result, PassesValuesThrough) { EXPECT_EQ(*quarter(12), 3); }

TEST(Result, AnErrorCarriesWhatWasBeingDoneOutermostFirst) {
    auto result = quarter(6).within("quarter of 6");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().text(), "quarter of 6: second half: odd number 3");
    EXPECT_EQ(result.error().hint, "give an even one");
}

TEST(Result, VoidResultsReturnEarly) {
    const auto check = [](bool good) -> Result<> {
        if (!good) return fail(Code::failed, "no");
        return {};
    };
    const auto twice = [&](bool good) -> Result<> {
        TRY_VOID(check(good));
        return {};
    };
    EXPECT_TRUE(twice(true).has_value());
    EXPECT_EQ(twice(false).error().code, Code::failed);
}

TEST(Code, NamesGoBothWaysAndUnknownOnesAreBugs) {
    for (int i = 0; i <= static_cast<int>(Code::bug); ++i)
        EXPECT_EQ(code_from_name(code_name(static_cast<Code>(i))), static_cast<Code>(i));
    EXPECT_EQ(code_from_name("no such code"), Code::bug);
}

}  // namespace
}  // namespace uprev
