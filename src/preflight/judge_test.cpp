// SPDX-License-Identifier: Apache-2.0
// Every finding that judging can make: when, with which code, and always with a next step.
#include "preflight/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/text.hpp"
#include "plan/plan_fixture.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Severity = Finding::Severity;

struct Case {
    const char* name;
    std::function<void(Shop&, Consent&)> change;
    const char* id;  // empty: nothing is found
    Severity severity = Severity::blocker;
    Code code = Code::refused;
    const char* message = "";
    const char* hint = "";
};

class Findings : public ::testing::TestWithParam<Case> {};

TEST_P(Findings, AreFoundWithTheirNextStep) {
    const auto& c = GetParam();
    Shop shop;
    Consent consent;
    c.change(shop, consent);
    const auto found = judge(shop.input(), consent);
    if (*c.id == '\0') {
        EXPECT_THAT(found, IsEmpty()) << found.front().message;
        EXPECT_FALSE(blocks(found));
        return;
    }
    ASSERT_EQ(1U, found.size());
    EXPECT_EQ(c.id, found[0].id);
    EXPECT_EQ(c.severity, found[0].severity);
    EXPECT_EQ(c.code, found[0].code);
    EXPECT_THAT(found[0].message, HasSubstr(c.message));
    EXPECT_THAT(found[0].hint, HasSubstr(c.hint));
    EXPECT_FALSE(found[0].message.empty());
    EXPECT_FALSE(found[0].hint.empty());
    EXPECT_EQ(c.severity == Severity::blocker, blocks(found));
}

void major(Shop& s) { s.target.version = s.release.version = "2.0.0"; }

INSTANTIATE_TEST_SUITE_P(
    Identity, Findings,
    ::testing::Values(Case{"nothing_wrong", [](Shop&, Consent&) {}, ""},
                      Case{"another_version_inside", [](Shop& s, Consent&) { s.release.version = "1.5.1"; }, "release.version",
                           Severity::blocker, Code::untrusted, "says version 1.5.1, but 1.5.0 was asked for", "tell the vendor"},
                      Case{"no_version_inside_is_fine_where_the_comment_states_it",
                           [](Shop& s, Consent&) {
                               s.release.version.clear();
                               s.site.trust.require = {"minisign"};
                               s.site.trust.minisign.trusted_comment = "version:${version}";
                           },
                           ""},
                      Case{"nothing_signed_states_the_version",
                           [](Shop& s, Consent&) {
                               s.release.version.clear();
                               s.site.trust.require = {"minisign"};
                           },
                           "release.binding", Severity::blocker, Code::untrusted, "1.5.0", "trusted_comment"},
                      Case{"a_schema_that_it_cannot_read_and_does_not_migrate",
                           [](Shop& s, Consent&) { s.facts.databases["main"].schema = "6"; }, "schema.main", Severity::blocker,
                           Code::refused, "schema 6", "snapshot"},
                      Case{"spelled_with_a_v_is_fine", [](Shop& s, Consent&) { s.release.version = "v1.5.0"; }, ""},
                      Case{"an_unreadable_version_inside", [](Shop& s, Consent&) { s.release.version = "soon"; },
                           "release.version", Severity::blocker, Code::untrusted},
                      Case{"another_application",
                           [](Shop& s, Consent&) {
                               s.site.application = "shop";
                               s.release.application = "blog";
                           },
                           "release.application", Severity::blocker, Code::untrusted,
                           "a release of 'blog', but the site runs 'shop'", "source's address"},
                      Case{"an_application_that_nobody_compares", [](Shop& s, Consent&) { s.release.application = "blog"; }, ""},
                      Case{"edited_by_hand", [](Shop& s, Consent&) { s.facts.active_edited = "app.js"; }, "release.edited",
                           Severity::blocker, Code::refused, "app.js", "--accept-edits"},
                      Case{"edited_where_it_goes", [](Shop& s, Consent&) { s.facts.goal_edited = "app.js"; },
                           "release.goal_edited", Severity::blocker, Code::refused, "app.js", "--accept-edits"},
                      Case{"edited_where_it_goes_and_accepted",
                           [](Shop& s, Consent& c) {
                               s.facts.goal_edited = "app.js";
                               c.edits = true;
                           },
                           ""},
                      Case{"edited_and_accepted",
                           [](Shop& s, Consent& c) {
                               s.facts.active_edited = "app.js";
                               c.edits = true;
                           },
                           ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Way, Findings,
    ::testing::Values(
        Case{"older", [](Shop& s, Consent&) { s.target.version = s.release.version = "1.4.1"; }, "version.downgrade",
             Severity::blocker, Code::refused, "1.4.1 is older than the installed 1.4.2", "uprev rollback"},
        Case{"older_and_allowed",
             [](Shop& s, Consent& c) {
                 s.target.version = s.release.version = "1.4.1";
                 c.downgrade = true;
             },
             ""},
        Case{"older_as_a_rollback",
             [](Shop& s, Consent&) {
                 s.target.version = s.release.version = "1.4.1";
                 s.folder_exists = true;
             },
             ""},
        Case{"out_of_range", [](Shop& s, Consent&) { s.release.upgrade_from = {"^1.4.3"}; }, "version.path", Severity::blocker,
             Code::refused, "from ^1.4.3, not from 1.4.2", "uprev upgrade --to"},
        Case{"a_stop_is_left_out", [](Shop& s, Consent&) { s.release.required_stops = {"1.4.9"}; }, "version.path",
             Severity::blocker, Code::refused, "requires a stop at 1.4.9", "uprev upgrade --to"},
        Case{"a_rollback_goes_no_way",
             [](Shop& s, Consent&) {
                 s.release.required_stops = {"1.4.9"};
                 s.folder_exists = true;
             },
             ""},
        Case{"an_installed_version_that_is_none", [](Shop& s, Consent&) { s.facts.active_version = "nightly"; }, ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Consents, Findings,
    ::testing::Values(Case{"major", [](Shop& s, Consent&) { major(s); }, "consent.breaking", Severity::blocker, Code::refused,
                           "2.0.0 is a major version", "uprev upgrade --to 2.0.0 --allow-breaking --reason"},
                      Case{"marked_by_the_feed", [](Shop& s, Consent&) { s.target.breaking = true; }, "consent.breaking",
                           Severity::blocker, Code::refused, "1.5.0 is marked breaking"},
                      Case{"marked_by_the_release", [](Shop& s, Consent&) { s.release.breaking = true; }, "consent.breaking",
                           Severity::blocker, Code::refused, "1.5.0 is marked breaking"},
                      Case{"past_a_breaking_one", [](Shop& s, Consent&) { s.breaking_before = "1.4.9"; }, "consent.breaking",
                           Severity::blocker, Code::refused, "1.5.0 comes after 1.4.9, which is marked breaking",
                           "uprev upgrade --to 1.5.0 --allow-breaking --reason"},
                      Case{"allowed_without_a_reason",
                           [](Shop& s, Consent& c) {
                               major(s);
                               c.breaking = true;
                           },
                           "consent.breaking"},
                      Case{"a_reason_alone",
                           [](Shop& s, Consent& c) {
                               major(s);
                               c.reason = "because";
                           },
                           "consent.breaking"},
                      Case{"allowed_with_a_reason",
                           [](Shop& s, Consent& c) {
                               major(s);
                               c = {true, "tested in staging", false, false, false, true, ""};
                           },
                           ""},
                      Case{"names_the_guide",
                           [](Shop& s, Consent&) {
                               major(s);
                               s.target.migration_guide = "https://example.com/guide";
                               s.target.changelog = "https://example.com/changelog";
                           },
                           "consent.breaking", Severity::blocker, Code::refused, "",
                           "read the migration guide: https://example.com/guide"},
                      Case{"or_the_changelog",
                           [](Shop& s, Consent&) {
                               major(s);
                               s.target.changelog = "https://example.com/changelog";
                           },
                           "consent.breaking", Severity::blocker, Code::refused, "", "https://example.com/changelog"},
                      Case{"a_rollback_needs_none",
                           [](Shop& s, Consent&) {
                               s.release.breaking = true;
                               s.folder_exists = true;
                           },
                           ""},
                      Case{"closed_window_for_a_breaking_one",
                           [](Shop& s, Consent& c) {
                               major(s);
                               c = {true, "tested", false, false, false, false, "sat 02:00 UTC"};
                           },
                           "consent.window", Severity::blocker, Code::refused, "no maintenance window is open", "sat 02:00 UTC"},
                      Case{"closed_window_unattended",
                           [](Shop&, Consent& c) {
                               c.unattended = true;
                               c.window_open = false;
                               c.next_window = "sat 02:00 UTC";
                           },
                           "consent.window"},
                      Case{"closed_window_but_somebody_is_there", [](Shop&, Consent& c) { c.window_open = false; }, ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Surroundings, Findings,
    ::testing::Values(Case{"variable_missing", [](Shop& s, Consent&) { s.release.environment.required = {"STRIPE_KEY"}; },
                           "environment.missing", Severity::blocker, Code::refused, "STRIPE_KEY", "env file"},
                      Case{"variable_set",
                           [](Shop& s, Consent&) {
                               s.release.environment.required = {"B"};
                               s.facts.environment_keys = {"A", "B", "C"};
                           },
                           ""},
                      Case{"variable_optional", [](Shop& s, Consent&) { s.release.environment.optional = {"B"}; }, ""},
                      Case{"variable_deprecated",
                           [](Shop& s, Consent&) {
                               s.release.environment.deprecated = {{"OLD", "NEW"}, {"NOT_SET", "NEW"}};
                               s.facts.environment_keys = {"OLD"};
                           },
                           "environment.deprecated", Severity::warning, Code::refused, "OLD is deprecated", "use NEW instead"},
                      Case{"variable_deprecated_for_nothing",
                           [](Shop& s, Consent&) {
                               s.release.environment.deprecated = {{"OLD", ""}};
                               s.facts.environment_keys = {"OLD"};
                           },
                           "environment.deprecated", Severity::warning, Code::refused, "", "remove it"},
                      Case{"runtime_missing",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"node", ">=18"}};
                               s.facts.runtimes = {{"node", ""}};
                           },
                           "runtime.node", Severity::blocker, Code::refused, "isn't installed, the release needs >=18",
                           "install it"},
                      Case{"runtime_not_looked_at",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"node", ">=18"}};
                           },
                           "runtime.node", Severity::blocker},
                      Case{"runtime_too_old",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"node", ">=20"}};
                               s.facts.runtimes = {{"node", "v18.19.0"}};
                           },
                           "runtime.node", Severity::blocker, Code::refused, "node is v18.19.0, the release needs >=20",
                           "install a version that fits"},
                      Case{"runtime_fits",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"node", ">=18"}};
                               s.facts.runtimes = {{"node", "v18.19.0"}};
                           },
                           ""},
                      Case{"runtime_that_cannot_be_read",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"php", ">=8"}};
                               s.facts.runtimes = {{"php", "unknown"}};
                           },
                           "runtime.php", Severity::warning, Code::refused, "'unknown') can't be read", "check it against >=8"},
                      Case{"runtime_with_two_parts_fits",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"php", ">=8.2"}, {"java", ">=17"}, {"sqlite3", ">=3.40"}};
                               s.facts.runtimes = {{"php", "8.2"}, {"java", "17"}, {"sqlite3", "3.40.1-2+deb12u1"}};
                           },
                           ""},
                      Case{"runtime_with_two_parts_too_old",
                           [](Shop& s, Consent&) {
                               s.release.runtimes = {{"php", ">=8.3"}};
                               s.facts.runtimes = {{"php", "8.2"}};
                           },
                           "runtime.php", Severity::blocker, Code::refused, "php is 8.2, the release needs >=8.3",
                           "install a version that fits"},
                      Case{"plugin_too_old",
                           [](Shop& s, Consent&) {
                               s.facts.plugins = {{"blog", "2.0.0", "", "1.4", "/x/plugin.json", ""},
                                                  {"seo", "1.0.0", "1.0.0", "", "/y/plugin.json", ""}};
                           },
                           "plugin.blog", Severity::blocker, Code::refused,
                           "plugin 'blog' 2.0.0 does not fit 1.5.0: works up to 1.4 only", "/x/plugin.json"},
                      Case{"plugin_unreadable",
                           [](Shop& s, Consent&) {
                               s.facts.plugins = {{"blog", "", "", "", "/x/plugin.json", "its manifest is no object"}};
                           },
                           "plugin.blog"},
                      Case{"service_trap",
                           [](Shop& s, Consent&) {
                               s.facts.services.resize(2);
                               s.facts.services[0].name = "backend";
                               s.facts.services[0].problem = "started from a resolved path";
                           },
                           "service.backend", Severity::blocker, Code::refused, "started from a resolved path",
                           "through the pointer"},
                      Case{"service_unhealthy", [](Shop& s, Consent&) { s.facts.unhealthy["backend"] = "503"; },
                           "service.backend.health", Severity::warning, Code::refused, "503", "what was there before"},
                      Case{"checks_of_the_vendor", [](Shop& s, Consent&) { s.release.checks = {"is the mail queue empty?"}; },
                           "checks", Severity::note, Code::refused, "mail queue", "asks you"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Disk, Findings,
    ::testing::Values(Case{"enough_to_the_byte",
                           [](Shop& s, Consent&) {
                               s.facts.disks = {{"/srv", 1, 300}};
                               s.facts.needs = {{"artifact", "/srv", 1, 100}, {"release folder", "/srv", 1, 200}};
                           },
                           ""},
                      Case{"one_byte_short",
                           [](Shop& s, Consent&) {
                               s.facts.disks = {{"/srv", 1, 299}};
                               s.facts.needs = {{"artifact", "/srv", 1, 100}, {"release folder", "/srv", 1, 200}};
                           },
                           "disk", Severity::blocker, Code::exhausted, "artifact 100 B, release folder 200 B", "uprev gc"},
                      Case{"each_disk_for_itself",
                           [](Shop& s, Consent&) {
                               s.facts.disks = {{"/srv", 1, 1000}, {"/var", 2, 10}};
                               s.facts.needs = {{"artifact", "/srv", 1, 100}, {"snapshot", "/var", 2, 11}};
                           },
                           "disk", Severity::blocker, Code::exhausted,
                           "the disk of /var has 10 B free, but 11 B are needed: snapshot 11 B"}),
    [](const auto& info) { return info.param.name; });

TEST(Judge, FindsEverythingAtOnce) {
    Shop shop;
    major(shop);
    shop.release.version = "2.0.1";
    shop.release.application = "blog";
    shop.site.application = "shop";
    shop.facts.active_edited = "app.js";
    shop.release.upgrade_from = {"^1.9.0"};
    shop.release.environment.required = {"A", "B"};
    shop.release.runtimes = {{"node", ">=18"}};
    shop.facts.plugins = {{"blog", "2.0.0", "", "1.4", "", ""}, {"seo", "2.0.0", "3.0.0", "", "", ""}};
    shop.facts.services.resize(1);
    shop.facts.services[0] = {"backend", RunState::running, {}, 0, "", "", "", "a trap"};
    shop.facts.unhealthy["jobs"] = "down";
    shop.facts.disks = {{"/srv", 1, 1}};
    shop.facts.needs = {{"artifact", "/srv", 1, 2}};
    shop.release.checks = {"look"};
    Consent consent;
    consent.window_open = false;
    consent.next_window = "sat";
    const auto found = judge(shop.input(), consent);
    std::vector<std::string> ids;
    for (const auto& f : found) {
        ids.push_back(f.id);
        EXPECT_FALSE(f.hint.empty()) << f.id;
    }
    EXPECT_THAT(ids, ElementsAre("release.version", "release.application", "release.edited", "version.path", "consent.breaking",
                                 "consent.window", "environment.missing", "environment.missing", "runtime.node", "plugin.blog",
                                 "plugin.seo", "service.backend", "service.jobs.health", "disk", "checks"));
    const auto error = as_error(found);
    EXPECT_EQ(Code::untrusted, error.code);  // the first one's
    for (const auto& f : found) {
        const bool blocker = f.severity == Severity::blocker;
        EXPECT_EQ(blocker, error.message.find(f.message) != std::string::npos) << f.id;
        if (blocker) {
            EXPECT_THAT(error.hint, HasSubstr(f.hint));
        }
    }
}

TEST(Judge, AnErrorSaysEachHintOnce) {
    const std::vector<Finding> found{{Severity::warning, "w", "a warning", "warned", Code::bug},
                                     {Severity::blocker, "a", "one", "do this", Code::exhausted},
                                     {Severity::blocker, "b", "two", "do this", Code::refused},
                                     {Severity::blocker, "c", "three", "do that", Code::refused}};
    const auto error = as_error(found);
    EXPECT_EQ(Code::exhausted, error.code);
    EXPECT_EQ("one\ntwo\nthree", error.message);
    EXPECT_EQ("do this\ndo that", error.hint);
    EXPECT_FALSE(blocks({found[0]}));
    EXPECT_TRUE(blocks(found));
}

TEST(Judge, AFindingAsJson) {
    EXPECT_EQ((Json{{"severity", "blocker"}, {"id", "a"}, {"message", "m"}, {"hint", "h"}}),
              to_json(Finding{Severity::blocker, "a", "m", "h", Code::refused}));
    EXPECT_EQ("warning", severity_name(Severity::warning));
    EXPECT_EQ("note", severity_name(Severity::note));
}

}  // namespace
}  // namespace uprev
