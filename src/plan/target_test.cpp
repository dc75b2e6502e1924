// SPDX-License-Identifier: Apache-2.0
// From what a feed proposes to what may be deployed, and the way there.
#include "plan/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;

Version v(const std::string& text) { return Version::parse(text).value(); }

std::string release(const std::string& version, const std::string& more = {}) {
    return R"({"version": ")" + version + "\"" + (more.empty() ? "" : ", " + more) + "}";
}

Feed feed_of(const std::vector<std::string>& releases) {
    auto feed = parse_feed("{\"releases\": [" + join(releases, ", ") + "]}", "test");
    if (!feed) ADD_FAILURE() << feed.error().text();
    return feed.value();
}

struct PathCase {
    const char* name;
    std::vector<std::string> feed;
    std::string current;
    std::string to;    // empty: the newest permitted
    std::string path;  // versions, or "!" and a part of the error
    Bump at_most = Bump::major;
    bool allow_downgrade = false;
    std::vector<std::string> failed = {};
    std::string channel = "stable";
    bool unattended = false;
};

// A timer's choice, carried out later: the version was looked up, not named by anybody.
PathCase a_timers(const char* name, const std::vector<std::string>& feed, const std::string& to, const std::string& path,
                  const std::vector<std::string>& failed = {}) {
    return {name, feed, "1.4.2", to, path, Bump::patch, false, failed, "stable", true};
}

class Paths : public ::testing::TestWithParam<PathCase> {};

TEST_P(Paths, LeadHere) {
    const auto& c = GetParam();
    TargetRequest request{v(c.current), std::nullopt, c.channel, c.failed, c.at_most, c.allow_downgrade, c.unattended};
    if (!c.to.empty()) request.to = v(c.to);
    const auto path = choose_path(feed_of(c.feed), request);
    if (c.path.starts_with("!")) {
        ASSERT_FALSE(path.has_value());
        EXPECT_THAT(path.error().text() + "\n" + path.error().hint, HasSubstr(c.path.substr(1)));
        EXPECT_FALSE(path.error().hint.empty());
        return;
    }
    ASSERT_TRUE(path.has_value()) << path.error().text();
    std::vector<std::string> versions;
    for (const auto& hop : *path) versions.push_back(hop.version.text());
    EXPECT_EQ(c.path, join(versions, " "));
}

const std::vector<std::string> plain{release("2.0.0"), release("1.5.0"), release("1.4.3"), release("1.4.2"), release("1.4.1")};
const std::vector<std::string> stops{release("3.0.0"), release("2.5.0", R"("required_stop": true)"), release("2.0.0"),
                                     release("1.9.0", R"("required_stop": true)"), release("1.5.0")};

INSTANTIATE_TEST_SUITE_P(
    Newest, Paths,
    ::testing::Values(
        PathCase{"newest", plain, "1.4.2", "", "2.0.0"}, PathCase{"newest_minor", plain, "1.4.2", "", "1.5.0", Bump::minor},
        PathCase{"newest_patch", plain, "1.4.2", "", "1.4.3", Bump::patch},
        PathCase{"no_patch", plain, "1.4.3", "", "", Bump::patch}, PathCase{"current_is_newest", plain, "2.0.0", "", ""},
        PathCase{"current_is_newer_than_all", plain, "9.0.0", "", ""}, PathCase{"an_empty_feed", {}, "1.0.0", "", ""},
        PathCase{"unsorted", {release("1.1.0"), release("1.3.0"), release("1.2.0")}, "1.0.0", "", "1.3.0"},
        PathCase{"withdrawn", {release("1.5.0", R"("withdrawn": "loses orders")"), release("1.4.3")}, "1.4.2", "", "1.4.3"},
        PathCase{"failed_before", plain, "1.4.2", "", "1.5.0", Bump::major, false, {"2.0.0"}},
        PathCase{"another_channel", {release("2.1.0", R"("channel": "beta")"), release("2.0.0")}, "1.4.2", "", "2.0.0"},
        PathCase{"on_the_channel_asked_for",
                 {release("2.1.0", R"("channel": "beta")"), release("2.0.0")},
                 "1.4.2",
                 "",
                 "2.1.0",
                 Bump::major,
                 false,
                 {},
                 "beta"},
        PathCase{"a_pre_release_on_stable", {release("2.0.0-rc.1"), release("1.5.0")}, "1.4.2", "", "1.5.0"},
        PathCase{"a_pre_release_on_beta",
                 {release("2.0.0-rc.1", R"("channel": "beta")")},
                 "1.4.2",
                 "",
                 "2.0.0-rc.1",
                 Bump::major,
                 false,
                 {},
                 "beta"},
        PathCase{"from_a_pre_release", {release("2.0.0")}, "2.0.0-rc.1", "", "2.0.0"},
        PathCase{"range_holds", {release("2.0.0", R"("upgrade_from": "^1.4.0")"), release("1.5.0")}, "1.4.2", "", "2.0.0"},
        PathCase{"range_does_not_hold",
                 {release("2.0.0", R"("upgrade_from": ["^1.5.0", "1.3.x"])"), release("1.5.0")},
                 "1.4.2",
                 "",
                 "1.5.0"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Unattended, Paths,
                         ::testing::Values(a_timers("as_chosen", plain, "1.4.3", "1.4.3"),
                                           a_timers("failed_meanwhile", plain, "1.4.3", "!failed here before", {"1.4.3"}),
                                           a_timers("more_than_is_allowed", plain, "1.5.0", "!not a patch"),
                                           a_timers("moved_to_another_channel", {release("1.4.3", R"("channel": "beta")")},
                                                    "1.4.3", "!on channel 'beta'")),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Named, Paths,
    ::testing::Values(
        PathCase{"the_one_asked_for", plain, "1.4.2", "1.5.0", "1.5.0"}, PathCase{"with_a_v", plain, "1.4.2", "v1.5.0", "1.5.0"},
        PathCase{"installed", plain, "1.4.2", "1.4.2", ""},
        PathCase{"past_the_limit_of_unattended", plain, "1.4.2", "2.0.0", "2.0.0", Bump::patch},
        PathCase{"failed_before", plain, "1.4.2", "2.0.0", "2.0.0", Bump::major, false, {"2.0.0"}},
        PathCase{"another_channel", {release("2.1.0", R"("channel": "beta")"), release("2.0.0")}, "1.4.2", "2.1.0", "2.1.0"},
        PathCase{"a_pre_release", {release("2.0.0-rc.1")}, "1.4.2", "2.0.0-rc.1", "2.0.0-rc.1"},
        PathCase{"withdrawn", {release("1.5.0", R"("withdrawn": "loses orders")")}, "1.4.2", "1.5.0", "!withdrawn: loses orders"},
        PathCase{"older", plain, "1.4.2", "1.4.1", "!older than 1.4.2"},
        PathCase{"older_hint", plain, "1.4.2", "1.4.1", "!--allow-downgrade"},
        PathCase{"older_and_allowed", plain, "1.4.2", "1.4.1", "1.4.1", Bump::major, true},
        PathCase{"older_allowed_over_a_stop", stops, "3.0.0", "1.5.0", "1.5.0", Bump::major, true},
        PathCase{"older_allowed_but_withdrawn",
                 {release("1.0.0", R"("withdrawn": "x")")},
                 "1.4.2",
                 "1.0.0",
                 "!withdrawn",
                 Bump::major,
                 true},
        PathCase{"unknown", plain, "1.4.2", "1.5.1", "!the feed does not list version 1.5.1"},
        PathCase{"unknown_with_a_near_one", plain, "1.4.2", "1.5.1", "!did you mean 1.5.0?"},
        PathCase{"unknown_and_nothing_near", {}, "1.4.2", "1.5.1", "!uprev check"},
        PathCase{"out_of_range",
                 {release("2.0.0", R"("upgrade_from": "^1.5.0")")},
                 "1.4.2",
                 "2.0.0",
                 "!2.0.0 can be upgraded to from ^1.5.0, not from 1.4.2"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Stops, Paths,
    ::testing::Values(
        PathCase{"two_stops", stops, "1.5.0", "", "1.9.0 2.5.0 3.0.0"},
        PathCase{"two_stops_named", stops, "1.5.0", "3.0.0", "1.9.0 2.5.0 3.0.0"},
        PathCase{"a_stop_as_target", stops, "1.5.0", "2.5.0", "1.9.0 2.5.0"},
        PathCase{"installed_is_a_stop", stops, "1.9.0", "", "2.5.0 3.0.0"}, PathCase{"behind_them", stops, "2.5.0", "", "3.0.0"},
        PathCase{"between", stops, "2.0.0", "", "2.5.0 3.0.0"},
        PathCase{"replaced_by_the_vendor",
                 {release("3.0.0"), release("2.5.1", R"("required_stop": true)"),
                  release("2.5.0", R"("required_stop": true, "withdrawn": "broken")")},
                 "2.0.0",
                 "",
                 "2.5.1 3.0.0"},
        PathCase{
            "each_hop_has_its_range",
            {release("3.0.0", R"("upgrade_from": "2.x")"), release("2.0.0", R"("required_stop": true, "upgrade_from": "1.x")")},
            "1.0.0",
            "",
            "2.0.0 3.0.0"},
        PathCase{"a_hop_that_cannot_be_reached",
                 {release("3.0.0"), release("2.0.0", R"("required_stop": true, "upgrade_from": ">=1.5.0")"), release("1.5.0")},
                 "1.0.0",
                 "",
                 "1.5.0"},
        PathCase{"a_hop_that_cannot_be_reached_named",
                 {release("3.0.0"), release("2.0.0", R"("required_stop": true, "upgrade_from": ">=1.5.0")"), release("1.5.0")},
                 "1.0.0",
                 "3.0.0",
                 "!2.0.0 can be upgraded to from >=1.5.0, not from 1.0.0"},
        PathCase{"of_another_channel_are_none_of_ours",
                 {release("3.0.0"), release("2.0.0", R"("required_stop": true, "channel": "beta")")},
                 "1.0.0",
                 "",
                 "3.0.0"},
        PathCase{"of_our_channel_on_the_way_to_another",
                 {release("3.0.0", R"("channel": "beta")"), release("2.0.0", R"("required_stop": true)")},
                 "1.0.0",
                 "3.0.0",
                 "2.0.0 3.0.0"},
        PathCase{
            "that_failed_before_is_not_tried_again_by_itself", stops, "1.5.0", "", "1.9.0 2.0.0", Bump::major, false, {"2.5.0"}},
        PathCase{"that_failed_before_stands_in_the_way",
                 stops,
                 "1.5.0",
                 "3.0.0",
                 "!2.5.0 on the way failed here before",
                 Bump::major,
                 false,
                 {"2.5.0"}},
        PathCase{"that_failed_before_can_be_named", stops, "1.5.0", "2.5.0", "1.9.0 2.5.0", Bump::major, false, {"2.5.0"}}),
    [](const auto& info) { return info.param.name; });

TEST(JudgeReleases, EveryOneWithItsCauseNewestFirst) {
    const auto feed = feed_of({release("3.0.0", R"("channel": "beta")"), release("2.2.0", R"("upgrade_from": "^2.0.0")"),
                               release("2.1.0", R"("withdrawn": "loses orders")"), release("2.0.0"), release("1.6.0-rc.1"),
                               release("1.5.0"), release("1.4.4"), release("1.4.3"), release("1.4.2"), release("1.4.1")});
    std::vector<std::string> causes;
    for (const auto& choice : judge_releases(feed, {v("1.4.2"), std::nullopt, "stable", {"1.4.4"}, Bump::patch, false}))
        causes.push_back(choice.release.version.text() + ": " + choice.cause);
    EXPECT_EQ(
        "3.0.0: on channel 'beta', not 'stable'\n2.2.0: not a patch\n2.1.0: withdrawn: loses orders\n2.0.0: not a "
        "patch\n1.6.0-rc.1: a pre-release\n"
        "1.5.0: not a patch\n1.4.4: failed here before; name it with --to to try again\n1.4.3: \n1.4.2: installed\n1.4.1: older "
        "than 1.4.2",
        join(causes, "\n"));
    const auto minor = judge_releases(feed, {v("1.4.2"), std::nullopt, "stable", {}, Bump::minor, false});
    EXPECT_EQ("a major version", minor[1].cause);
    EXPECT_EQ("", minor[5].cause);
    const auto major = judge_releases(feed, {v("1.4.2"), std::nullopt, "stable", {}, Bump::major, false});
    EXPECT_THAT(major[1].cause, HasSubstr("not from 1.4.2"));
    EXPECT_EQ("", major[3].cause);
}

TEST(ChoosePath, ASimpleFeedHidesPatchesAndSaysSo) {
    const auto feed = parse_feed(R"({"latest": "1.5.0", "current": "1.4.2"})", "test").value();
    const auto path = choose_path(feed, {v("1.4.2"), v("1.4.3"), "stable", {}, Bump::major, false});
    ASSERT_FALSE(path.has_value());
    EXPECT_EQ(Code::not_found, path.error().code);
    EXPECT_THAT(path.error().hint, HasSubstr("this feed names its latest release only"));
    EXPECT_TRUE(choose_path(feed, {v("1.4.2"), std::nullopt, "stable", {}, Bump::patch, false})->empty());
    EXPECT_EQ(1U, choose_path(feed, {v("1.4.2"), std::nullopt, "stable", {}, Bump::minor, false})->size());
    EXPECT_THAT(choose_path(feed_of(plain), {v("1.4.2"), v("1.4.9"), "stable", {}, Bump::major, false}).error().hint,
                ::testing::Not(HasSubstr("latest release only")));
}

TEST(ChoosePath, RefusalsHaveTheirCode) {
    EXPECT_EQ(Code::refused,
              choose_path(feed_of(plain), {v("1.4.2"), v("1.4.1"), "stable", {}, Bump::major, false}).error().code);
    EXPECT_EQ(Code::not_found,
              choose_path(feed_of(plain), {v("1.4.2"), v("7.7.7"), "stable", {}, Bump::major, false}).error().code);
}

TEST(PathConflict, NamesTheConditionThatDoesNotHold) {
    struct Case {
        const char* from;
        const char* to;
        std::vector<std::string> upgrade_from;
        std::vector<std::string> stops;
        const char* conflict;
    };
    for (const auto& c : {Case{"1.0.0", "2.0.0", {}, {}, ""}, Case{"1.0.0", "2.0.0", {"1.x"}, {}, ""},
                          Case{"1.0.0", "2.0.0", {"^1.5.0"}, {}, "2.0.0 can be upgraded to from ^1.5.0, not from 1.0.0"},
                          Case{"1.0.0", "2.0.0", {"0.9.x", "1.0.0"}, {}, ""},
                          Case{"1.0.0", "2.0.0", {}, {"1.5.0"}, "2.0.0 requires a stop at 1.5.0 first"},
                          Case{"1.5.0", "2.0.0", {}, {"1.5.0"}, ""}, Case{"1.0.0", "2.0.0", {}, {"2.0.0", "3.0.0", "0.5.0"}, ""},
                          Case{"1.0.0", "2.0.0", {}, {"1.2.0", "1.5.0"}, "2.0.0 requires a stop at 1.2.0 first"},
                          Case{"1.0.0", "2.0.0", {"^1.5.0"}, {"1.5.0"}, "2.0.0 requires a stop at 1.5.0 first"},
                          Case{"2.0.0", "1.0.0", {"^9.0.0"}, {"1.5.0"}, ""}})
        EXPECT_EQ(c.conflict, path_conflict(v(c.from), v(c.to), c.upgrade_from, c.stops)) << c.from << " -> " << c.to;
}

std::string broken_before(const std::vector<std::string>& releases, const std::string& current, const std::string& to) {
    const auto feed = feed_of(releases);
    FeedRelease target;
    target.version = v(to);
    target.channel = "stable";
    TargetRequest request;
    request.current = v(current);
    request.channel = "stable";
    const auto* found = breaking_on_the_way(feed, request, target);
    return found == nullptr ? "" : found->version.text();
}

TEST(BreakingOnTheWay, IsTheLowestBetween) {
    const auto breaking = [](const std::string& version) { return release(version, R"("breaking": true)"); };
    const std::vector<std::string> feed{release("1.5.0"), breaking("1.4.5"), release("1.4.4"), breaking("1.4.3"),
                                        release("1.4.2")};
    EXPECT_EQ("1.4.3", broken_before(feed, "1.4.2", "1.4.4"));
    EXPECT_EQ("1.4.3", broken_before(feed, "1.4.2", "1.5.0"));
    EXPECT_EQ("1.4.5", broken_before(feed, "1.4.3", "1.5.0")) << "what is installed was agreed to";
    EXPECT_EQ("", broken_before(feed, "1.4.2", "1.4.3")) << "the target speaks for itself";
    EXPECT_EQ("", broken_before(feed, "1.4.5", "1.5.0"));
    EXPECT_EQ("1.4.3", broken_before({release("1.4.4"), release("1.4.3", R"("breaking": true, "withdrawn": "too early")")},
                                     "1.4.2", "1.4.4"));
    EXPECT_EQ("",
              broken_before({release("1.4.4"), release("1.4.3", R"("breaking": true, "channel": "beta")")}, "1.4.2", "1.4.4"));
}

}  // namespace
}  // namespace uprev
