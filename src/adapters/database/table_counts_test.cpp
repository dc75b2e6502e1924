// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/table_counts.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

TEST(TableCounts, EqualOnesHaveNoDifference) {
    EXPECT_EQ(difference({{"a", 1}, {"b", 2}}, {{"b", 2}, {"a", 1}}), "");
    EXPECT_EQ(difference({}, {}), "");
}

TEST(TableCounts, MissingExtraAndWrongOnesAreNamed) {
    EXPECT_EQ(difference({{"a", 1}}, {{"a", 0}}), "a has 0 rows instead of 1");
    EXPECT_EQ(difference({{"a", 0}}, {}), "a is missing");
    EXPECT_EQ(difference({}, {{"a", 0}}), "a should not be there");
}

TEST(TableCounts, OnlyTheFirstDifferencesAreShown) {
    EXPECT_EQ(difference({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}}, {}),
              "a is missing; b is missing; c is missing; and 2 more");
}

}  // namespace
}  // namespace uprev
