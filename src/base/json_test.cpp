// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace uprev {
namespace {

using ::testing::HasSubstr;

TEST(ParseJson, KeepsTheOrderOfKeysAndAllTypes) {
    const auto json = parse_json(R"({"z": 1, "a": [true, null, -2, 1.5, "x"], "m": {"k": {}}})", "t");
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json->dump(), R"({"z":1,"a":[true,null,-2,1.5,"x"],"m":{"k":{}}})");
}

struct Refusal {
    const char* text;
    const char* message;
};

class Refuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refuses, WithPlaceAndReason) {
    const auto json = parse_json(GetParam().text, "feed");
    ASSERT_FALSE(json.has_value());
    EXPECT_EQ(json.error().code, Code::invalid);
    EXPECT_THAT(json.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Strict, Refuses,
                         ::testing::Values(Refusal{"{\"a\": 1,\n \"a\": 2}", "feed:2:4: duplicate key \"a\""},
                                           Refusal{R"({"x": {"b": 1, "c": 2, "b": 3}})", "duplicate key \"b\""},
                                           Refusal{R"({"a": NaN})", "feed:1:7: syntax error"},
                                           Refusal{R"([Infinity])", "syntax error"}, Refusal{R"([1e999])", "number overflow"},
                                           Refusal{R"({"a": 1} x)", "expected end of input"},
                                           Refusal{"", "unexpected end of input"}, Refusal{R"({"a": 1,})", "syntax error"},
                                           Refusal{R"([1] // c)", "syntax error"}, Refusal{"[\"\xff\"]", "ill-formed UTF-8"},
                                           Refusal{R"(["\ud800"])", "surrogate"},
                                           Refusal{"<!doctype html>", "feed:1:1: syntax error"}));

TEST(ParseJson, DepthEndsAtSixtyFour) {
    EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']'), "t").has_value());
    const auto deeper = parse_json(std::string(65, '[') + std::string(65, ']'), "t");
    ASSERT_FALSE(deeper.has_value());
    EXPECT_THAT(deeper.error().message, HasSubstr("t:1:65: nested deeper than 64"));
    EXPECT_FALSE(parse_json(std::string(100'000, '['), "t").has_value());
}

TEST(ParseJson, AHundredThousandKeysTakeLinearTime) {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) text += "\"k" + std::to_string(i) + "\":1,";
    text.back() = '}';
    const auto before = std::chrono::steady_clock::now();
    const auto json = parse_json(text, "t");
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json->size(), 100'000U);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

}  // namespace
}  // namespace uprev
