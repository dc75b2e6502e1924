// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/body_match.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

const std::string body = R"({"ok":true,"version":"1.10","count":3,"none":null,"nested":{"a/b":["x"]}})";

TEST(BodyMatch, ScalarsAreComparedByTheirSpelling) {
    EXPECT_EQ(
        "", body_mismatch(body, "",
                          {{"/ok", "true"}, {"/version", "1.10"}, {"/count", "3"}, {"/none", "null"}, {"/nested/a~1b/0", "x"}}));
    EXPECT_EQ("'/version' is '1.10', not '1.1'", body_mismatch(body, "", {{"/version", "1.1"}}));
    EXPECT_EQ("'/ok' is 'true', not 'True'", body_mismatch(body, "", {{"/ok", "True"}}));
}

TEST(BodyMatch, WhatIsNotThereDoesNotMatch) {
    EXPECT_EQ("body has nothing at '/missing'", body_mismatch(body, "", {{"/missing", "x"}}));
    EXPECT_EQ("body has nothing at '/nested'", body_mismatch(body, "", {{"/nested", "x"}}));
    EXPECT_EQ("body has nothing at 'bad pointer'", body_mismatch(body, "", {{"bad pointer", "x"}}));
    EXPECT_EQ("body lacks 'needle'", body_mismatch("hay", "needle", {}));
}

TEST(BodyMatch, AnHtmlPageWithStatus200IsNotHealth) {
    EXPECT_EQ("body is not JSON: '<!doctype html><title>Shop</title>'",
              body_mismatch("<!doctype html><title>Shop</title>", "", {{"/ok", "true"}}));
    EXPECT_NE("", body_mismatch(R"({"ok":false,"ok":true})", "", {{"/ok", "true"}})) << "duplicate keys";
}

TEST(ScalarAt, TellsTheServedVersion) {
    EXPECT_EQ("1.10", scalar_at(body, "/version"));
    EXPECT_EQ("", scalar_at(body, ""));
    EXPECT_EQ("", scalar_at(body, "/nothing"));
    EXPECT_EQ("", scalar_at("not json", "/version"));
}

}  // namespace
}  // namespace uprev
