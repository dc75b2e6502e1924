// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.hpp"
#include "release/config.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;
using Values = std::map<std::string, std::string>;

TEST(Interpolate, FillsIn) {
    const Values values{{"version", "1.4.2"}, {"release_dir", "/opt/x"}};
    EXPECT_EQ(*interpolate("a-${version}.tar", values), "a-1.4.2.tar");
    EXPECT_EQ(*interpolate("${release_dir}/${version}${version}", values), "/opt/x/1.4.21.4.2");
    EXPECT_EQ(*interpolate("$${version} costs $5 and ^x$", values), "${version} costs $5 and ^x$");
    EXPECT_EQ(*interpolate("", values), "");
}

TEST(Interpolate, UnknownNamesAreErrorsWithTheNearest) {
    const auto result = interpolate("x ${versoin}", {{"version", "1"}, {"root", "/"}});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::invalid);
    EXPECT_THAT(result.error().message, HasSubstr("'${versoin}' is not known here; did you mean 'version'?"));
    EXPECT_THAT(result.error().hint, HasSubstr("known are: root, version"));
    EXPECT_THAT(interpolate("${version", {{"version", "1"}}).error().message, HasSubstr("lacks its closing brace"));
    EXPECT_FALSE(interpolate("${}", {{"version", "1"}}).has_value());
}

RC_GTEST_PROP(InterpolateProperties, EscapedTextComesBackAsItWas, (const std::string& text)) {
    RC_ASSERT(*interpolate(replace_all(text, "$", "$$"), {}) == text);
}

RC_GTEST_PROP(InterpolateProperties, ValuesAreNeverReadAgain, (const std::string& value)) {
    const auto hostile = value + "${other}$$${value}";
    RC_ASSERT(*interpolate("<${value}>", {{"value", hostile}, {"other", "!"}}) == "<" + hostile + ">");
}

}  // namespace
}  // namespace uprev
