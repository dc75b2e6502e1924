// SPDX-License-Identifier: Apache-2.0
#include "release/feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uprev {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string digest(64, 'a');

TEST(Feed, ReadsTheSimpleObject) {
    const auto feed = parse_feed(
        R"({"latest": "1.4.2", "current": "1.4.0", "changelog": "https://carphacom.com/changelog/1.4.2", "breaking": false})",
        "f");
    ASSERT_TRUE(feed.has_value());
    EXPECT_TRUE(feed->simple);
    ASSERT_EQ(feed->releases.size(), 1U);
    const auto& release = feed->releases.front();
    EXPECT_EQ(release.version.text(), "1.4.2");
    EXPECT_EQ(release.changelog, "https://carphacom.com/changelog/1.4.2");
    EXPECT_EQ(release.channel, "stable");
    EXPECT_FALSE(release.breaking);
    EXPECT_TRUE(release.artifact.url.empty());
}

TEST(Feed, ReadsTheListWholeNewestFirst) {
    const auto feed =
        parse_feed(R"({"releases": [
        {"version": "1.4.0"},
        {"version": "v2.0.0", "channel": "beta", "date": "2026-01-02", "breaking": true, "changelog": "c", "upgrade_from": ["^1.4.0", "1.3.x"], "required_stop": true,
         "artifact": {"url": "a.tar.xz", "size": 12345678901, "sha256": ")" +
                       digest + R"(", "signature": "a.tar.xz.minisig"},
         "release_file": {"url": "r.yaml", "signature": "r.yaml.minisig"}, "withdrawn": "loses orders", "something_new": [1]},
        {"version": "1.5.0", "artifacts": [{"url": "b", "sha256": "sha256:)" +
                       digest + R"("}], "release_file": "r", "release_file_signature": "s", "upgrade_from": ">=1.4.0"},
        {"version": "1.5.1", "artifact": "https://x/y", "withdrawn": true}]})",
                   "f");
    ASSERT_TRUE(feed.has_value()) << feed.error().text();
    EXPECT_FALSE(feed->simple);
    ASSERT_EQ(feed->releases.size(), 4U);
    const auto& two = feed->releases[0];
    EXPECT_EQ(two.version.spelling, "v2.0.0");
    EXPECT_EQ(two.channel, "beta");
    EXPECT_EQ(two.date, "2026-01-02");
    EXPECT_TRUE(two.breaking);
    EXPECT_TRUE(two.required_stop);
    EXPECT_EQ(two.upgrade_from, (std::vector<std::string>{"^1.4.0", "1.3.x"}));
    EXPECT_EQ(two.artifact.size, 12'345'678'901U);
    EXPECT_EQ(two.artifact.sha256, digest);
    EXPECT_EQ(two.artifact.signature, "a.tar.xz.minisig");
    EXPECT_EQ(two.release_file_signature, "r.yaml.minisig");
    EXPECT_EQ(two.withdrawn, "loses orders");
    EXPECT_EQ(feed->releases[1].artifact.url, "https://x/y");
    EXPECT_THAT(feed->releases[1].withdrawn, HasSubstr("without a reason"));
    EXPECT_EQ(feed->releases[2].artifact.sha256, digest);
    EXPECT_EQ(feed->releases[2].release_file_signature, "s");
    EXPECT_EQ(feed->releases[2].upgrade_from, (std::vector<std::string>{">=1.4.0"}));
    EXPECT_EQ(feed->releases[3].version.text(), "1.4.0");
}

TEST(Feed, AnEmptyListIsAFeed) { EXPECT_TRUE(parse_feed(R"({"releases": []})", "f")->releases.empty()); }

struct BadFeed {
    std::string body;
    std::string message;
};

class BadFeeds : public ::testing::TestWithParam<BadFeed> {};

TEST_P(BadFeeds, AreRefusedWithAReason) {
    const auto feed = parse_feed(GetParam().body, "https://example.com/feed");
    ASSERT_FALSE(feed.has_value());
    EXPECT_EQ(feed.error().code, Code::invalid);
    EXPECT_THAT(feed.error().text(), HasSubstr("feed https://example.com/feed: "));
    EXPECT_THAT(feed.error().text(), HasSubstr(GetParam().message));
    EXPECT_THAT(feed.error().text(), Not(HasSubstr("\x1b")));
    EXPECT_LT(feed.error().text().size(), 500U);
}

std::string with(const std::string& key_and_value) { return R"({"releases": [{"version": "1.0.0", )" + key_and_value + "}]}"; }

INSTANTIATE_TEST_SUITE_P(
    Hostile, BadFeeds,
    ::testing::Values(
        BadFeed{"<!DOCTYPE html><html><title>Sign in</title>",
                "is a web page (HTML or XML), not JSON; it begins '<!DOCTYPE html>"},
        BadFeed{"  \n<html>", "web page"}, BadFeed{"", "the feed is empty"}, BadFeed{" \n", "the feed is empty"},
        BadFeed{"not json at all", "it begins 'not json at all'"}, BadFeed{"[]", "must be an object, not a list"},
        BadFeed{"\"1.2.3\"", "must be an object, not text"}, BadFeed{"null", "not null"},
        BadFeed{R"({"error": "rate limited"})", "neither 'latest' nor 'releases'; it begins '{\"error\""},
        BadFeed{R"({"latest": null})", "'latest' is missing"},
        BadFeed{R"({"latest": 1.4})", "'latest' must be text, not a number"},
        BadFeed{R"({"latest": "1.4"})", "'latest' is no version"}, BadFeed{R"j({"latest": "$(id)"})j", "is no version"},
        BadFeed{R"({"latest": "1.0.0\n"})", "control characters"}, BadFeed{R"({"latest": "1.0.0\u0000"})", "control characters"},
        BadFeed{R"({"latest": "1.4.2", "latest": "1.4.3"})", "duplicate key"},
        BadFeed{R"({"latest": "1.4.2", "breaking": "no"})", "'breaking' must be true or false, not text"},
        BadFeed{R"({"latest": {"latest": {"latest": "1.0.0"}}})", "not an object"},
        BadFeed{R"({"releases": {}})", "'releases' must be a list, not an object"},
        BadFeed{R"({"releases": [1]})", "'releases[0]' must be an object, not a number"},
        BadFeed{R"({"releases": [{}]})", "'releases[0].version' is missing"},
        BadFeed{R"({"releases": [{"version": "1.0.0"}, {"version": "v1.0.0+b"}]})", "is listed twice"},
        BadFeed{with(R"("artifact": 5)"), "'releases[0].artifact' must be an object"},
        BadFeed{with(R"("artifact": {"size": -1})"), "'releases[0].artifact.size' must be a whole number of bytes, not -1"},
        BadFeed{with(R"("artifact": {"size": 1.5})"), "not 1.5"},
        BadFeed{with(R"("artifact": {"sha256": "abc"})"), "'releases[0].artifact.sha256' is not a digest"},
        BadFeed{with(R"("artifact": {"url": "--upload-pack=x"})"), "is not an address"},
        BadFeed{with(R"("artifacts": [])"), "exactly one"},
        BadFeed{with(R"("artifact": "a", "artifacts": [{}])"), "only one of them"},
        BadFeed{with(R"("upgrade_from": [1])"), "must hold text only"},
        BadFeed{with(R"("upgrade_from": ["blerg"])"), "is no range"},
        BadFeed{with(R"("changelog": "\u001b[2J")"), "control characters"},
        BadFeed{with(R"("withdrawn": 3)"), "'releases[0].withdrawn' must be text"},
        BadFeed{with("\"changelog\": \"" + std::string(5000, 'x') + "\""), "longer than 4096"},
        BadFeed{std::string(100'000, '['), "nested deeper"}));

TEST(Feed, MoreThanTenThousandReleasesAreRefused) {
    std::string body = R"({"releases": [)";
    for (int i = 0; i < 10'001; ++i) body += (i == 0 ? "" : ",") + std::string("{}");
    EXPECT_THAT(parse_feed(body + "]}", "f").error().text(), HasSubstr("more than 10000"));
}

}  // namespace
}  // namespace uprev
