// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

using Words = std::vector<std::string>;

TEST(Text, TrimsAndSplits) {
    EXPECT_EQ(trim("  a b\r\n"), "a b");
    EXPECT_EQ(trim(" \t"), "");
    EXPECT_EQ(split("a,,b", ','), (Words{"a", "", "b"}));
    EXPECT_EQ(split("", ','), (Words{""}));
    EXPECT_EQ(split_words("  a \t b\n"), (Words{"a", "b"}));
    EXPECT_EQ(split_words(" "), Words{});
    EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
    EXPECT_EQ(lower("AbC-9"), "abc-9");
    EXPECT_EQ(replace_all("a.b.c", ".", ".."), "a..b..c");
}

TEST(Text, EditDistanceCountsATranspositionOnce) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("databse", "database"), 1U);
    EXPECT_EQ(edit_distance("raelease", "release"), 1U);
    EXPECT_EQ(edit_distance("hcannel", "channel"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Text, NearestNamesALikelySlipOrNothing) {
    const Words known{"database", "databases", "source", "id"};
    EXPECT_EQ(nearest("databse", known), "database");
    EXPECT_EQ(nearest("Source", known), "source");
    EXPECT_EQ(nearest("wombat", known), "");
    EXPECT_EQ(nearest("xy", known), "");
    EXPECT_EQ(did_you_mean("soruce", known), "; did you mean 'source'?");
    EXPECT_EQ(did_you_mean("wombat", known), "");
}

TEST(Text, ExcerptsAreOneSafeLine) {
    EXPECT_EQ(excerpt("a\nb\x1b[31m\xc3\xa9"), "a b\\x1b[31m\\xc3\\xa9");
    EXPECT_EQ(excerpt(std::string(100, 'x'), 10), std::string(10, 'x') + "…");
    EXPECT_EQ(excerpt(std::string_view("a\0b", 3)), "a\\x00b");
}

}  // namespace
}  // namespace uprev
