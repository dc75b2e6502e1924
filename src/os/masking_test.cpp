// SPDX-License-Identifier: Apache-2.0
#include "os/masking.hpp"

#include <gtest/gtest.h>

#include "os/mask_stream.hpp"
#include "os/secrets.hpp"

namespace uprev::os {
namespace {

std::string streamed(const std::vector<std::string>& chunks, const std::vector<std::string>& forms) {
    std::vector<MaskStream::Pattern> patterns;
    for (const auto& form : forms) patterns.push_back({form.data(), form.size()});
    MaskStream stream(patterns.data(), patterns.size());
    std::string out;
    const auto sink = [&](const char* bytes, std::size_t size) { out.append(bytes, size); };
    for (const auto& chunk : chunks) EXPECT_TRUE(stream.feed(chunk.data(), chunk.size(), sink));
    stream.finish(sink);
    return out;
}

TEST(MaskStream, FindsASecretAcrossEveryBoundary) {
    const std::vector<std::string> forms{"secret", "sec", "crete", "ababac"};
    for (const std::string text :
         {"a secret b", "secretsecret", "sesecret", "ssecre", "secre", "x ababababac y", "sec", "secrete", ""}) {
        const std::string whole = streamed({text}, forms);
        for (std::size_t i = 0; i <= text.size(); ++i)
            for (std::size_t j = i; j <= text.size(); ++j)
                EXPECT_EQ(streamed({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, forms), whole)
                    << text << " " << i << " " << j;
    }
    EXPECT_EQ(streamed({"a secret b"}, forms), "a *** b");
    EXPECT_EQ(streamed({"secrets"}, forms), "***s") << "the longest one wins";
    EXPECT_EQ(streamed({"x ababababac y"}, forms), "x abab*** y");
    EXPECT_EQ(streamed({"secre"}, forms), "***re");
    EXPECT_EQ(streamed({"ababa"}, forms), "ababa");
}

TEST(MaskStream, ShowsAtOnceWhatCannotBecomeASecret) {
    std::string form = "secret";
    MaskStream::Pattern pattern{form.data(), form.size()};
    MaskStream stream(&pattern, 1);
    std::string out;
    const auto sink = [&](const char* bytes, std::size_t size) { out.append(bytes, size); };
    stream.feed("progress 10%", 12, sink);
    EXPECT_EQ(out, "progress 10%");
    stream.feed(" sec", 4, sink);
    EXPECT_EQ(out, "progress 10% ");
    stream.feed("ond", 3, sink);
    EXPECT_EQ(out, "progress 10% second");
}

TEST(MaskStream, WithoutSecretsPassesEverythingOn) {
    EXPECT_EQ(streamed({"a", std::string("\0b", 2)}, {}), std::string("a\0b", 3));
}

TEST(MaskForms, CoverTheUsualEncodings) {
    const std::string secret = "p@ss w/rd\"+1";
    // printf 'user:p@ss w/rd"+1' | base64, and with other beginnings, for each alignment
    for (const std::string shown :
         {"x p@ss w/rd\"+1 y", "p%40ss%20w%2Frd%22%2B1", "p%40ss%20w%2frd%22%2b1", "p%40ss+w%2Frd%22%2B1",
          "{\"a\":\"p@ss w/rd\\\"+1\"}", "cEBzcyB3L3JkIisx", "dXNlcjpwQHNzIHcvcmQiKzE=", "eHBAc3Mgdy9yZCIrMQ=="}) {
        const std::string masked = mask(shown, {secret});
        EXPECT_NE(masked.find("***"), std::string::npos) << shown;
        EXPECT_EQ(masked.find("ss"), std::string::npos) << masked;
    }
}

TEST(MaskForms, ShortSecretsAreMaskedAsTheyAreOnly) {
    EXPECT_EQ(mask_forms({"abc"}), std::vector<std::string>{"abc"});
    EXPECT_EQ(mask("abc YWJj", {"abc"}), "*** YWJj");
    EXPECT_EQ(mask("x", {""}), "x");
}

TEST(MaskForms, LinesOfAKeyAreMaskedOneByOne) {
    const std::string key = "-----BEGIN KEY-----\nMIIEvgIBADANBg\nab\n-----END KEY-----\n";
    EXPECT_EQ(mask("> MIIEvgIBADANBg <", {key}), "> *** <");
    EXPECT_EQ(mask("ab", {key}), "ab");
}

TEST(Mask, HidesPasswordsInAddresses) {
    EXPECT_EQ(mask("at postgresql://shop:hunter2@db:5432/shop failed", {}), "at postgresql://shop:***@db:5432/shop failed");
    EXPECT_EQ(mask("https://u:p@a/x and https://u:q@b/y", {}), "https://u:***@a/x and https://u:***@b/y");
    EXPECT_EQ(mask("redis://:token@cache", {}), "redis://:***@cache");
    EXPECT_EQ(mask("https://a:b@c@d/", {}), "https://a:***@d/");
    for (const std::string plain :
         {"https://example.com/a:b@c", "https://user@host/", "mail a@b.c", "http://[::1]:80/", "://", "https://u:@h/"})
        EXPECT_EQ(mask(plain, {}), plain);
}

}  // namespace
}  // namespace uprev::os
