// SPDX-License-Identifier: Apache-2.0
// How going back treats the databases, by what had begun and what the old release reads.
#include "engine/verdict.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <map>

#include "journal/journal_fixture.hpp"
#include "plan/plan_fixture.hpp"
#include "ports/database_fixture.hpp"

namespace uprev {
namespace {

using Statuses = std::map<std::string, StepStatus, std::less<>>;
constexpr auto doing = StepStatus::doing;
constexpr auto done = StepStatus::done;
constexpr auto failed = StepStatus::failed;

// Answers with its schema, or not at all.
class Inspected final : public UnaskedDatabase {
   public:
    Result<DatabaseFacts> inspect() override {
        if (schema == "unreachable") return fail(Code::unavailable, "no server");
        DatabaseFacts facts;
        facts.schema = schema;
        return facts;
    }
    [[nodiscard]] bool fence_stands() const override { return stands; }
    std::string schema;
    bool stands = true;
};

struct Case {
    const char* name;
    std::function<void(Shop&)> plan;
    Statuses begun;
    std::vector<std::string> schemas;    // of the databases as they are now
    std::optional<DataVerdict> verdict;  // nothing: not before the database is back
    bool fence_stands = true;
};

void undeclared(Shop& s) { s.migrates(false); }
void declared(Shop& s) { s.migrates(true); }
void old_reads_8(Shop& s) {
    s.migrates(false);
    s.old_release.reads_schema = {"8"};
}
void accepted(Shop& s) {
    s.migrates(false);
    s.site.writes = "live";
    s.site.migrate.accept_point_of_no_return = true;
}
void accepted_and_old_reads_8(Shop& s) {
    accepted(s);
    s.old_release.reads_schema = {"8"};
}

class Decisions : public JournalTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Decisions, FollowTheTable) {
    const auto& c = GetParam();
    Shop shop;
    c.plan(shop);
    Pinned pinned;
    pinned.old_release = shop.old_release;
    const auto plan = shop.upgrade();
    Ports ports;
    std::vector<Inspected> databases(c.schemas.size());
    for (std::size_t i = 0; i < databases.size(); ++i) {
        databases[i].schema = c.schemas[i];
        databases[i].stands = c.fence_stands;
        ports.databases["db" + std::to_string(i)] = &databases[i];
    }
    auto journal = open();
    StepContext context{pinned, plan, ports, journal, "op", Json(), {}, {}, {}, [&](std::string_view step) {
                            const auto found = c.begun.find(step);
                            return found == c.begun.end() ? StepStatus::pending : found->second;
                        }};
    for (const auto& [step, status] : c.begun) ASSERT_NE(nullptr, plan.find(step)) << step << " is not in the plan";
    const auto verdict = decide(context);
    if (!c.verdict) {
        ASSERT_FALSE(verdict.has_value()) << verdict->reason;
        EXPECT_EQ(verdict.error().code, Code::unavailable);
        return;
    }
    ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
    EXPECT_EQ(word(*c.verdict), word(verdict->data)) << verdict->reason;
    EXPECT_FALSE(verdict->reason.empty());
}

const Statuses snapshotted{{"services.stop", done}, {"database.fence", done}, {"snapshot.take", done}};
Statuses plus(Statuses base, const Statuses& more) {
    base.insert(more.begin(), more.end());
    return base;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Decisions,
    ::
        testing::
            Values(Case{"nothing_began", undeclared, {}, {"7"}, DataVerdict::untouched},
                   Case{"no_migration_began", undeclared, snapshotted, {"7"}, DataVerdict::untouched},
                   Case{"no_migration_in_the_plan",
                        [](Shop&) {},
                        {{"pointer.switch", done}, {"gate.hold", failed}},
                        {"7"},
                        DataVerdict::untouched},
                   Case{"declared_and_done",
                        declared,
                        {{"snapshot.take", done}, {"migrate.run.core", done}},
                        {"8"},
                        DataVerdict::keep_schema},
                   Case{"declared_and_half_way",
                        declared,
                        {{"snapshot.take", done}, {"migrate.run.core", failed}},
                        {"7"},
                        DataVerdict::keep_schema},
                   Case{"only_the_declared_one_of_two_began",
                        [](Shop& s) {
                            s.release.migrations = {a_migration("core", true), a_migration("blog", false)};
                        },
                        plus(snapshotted, {{"migrate.run.core", done}}),
                        {"8"},
                        DataVerdict::keep_schema},
                   Case{"both_began_and_one_is_undeclared",
                        [](Shop& s) {
                            s.release.migrations = {a_migration("core", true), a_migration("blog", false)};
                        },
                        plus(snapshotted, {{"migrate.run.core", done}, {"migrate.run.blog", doing}}),
                        {"8"},
                        DataVerdict::restore},
                   Case{"fenced_and_half_way",
                        undeclared,
                        plus(snapshotted, {{"migrate.run.core", doing}}),
                        {"half"},
                        DataVerdict::restore},
                   Case{"fenced_and_failed",
                        undeclared,
                        plus(snapshotted, {{"migrate.run.core", failed}}),
                        {"7"},
                        DataVerdict::restore},
                   Case{"fenced_and_switched",
                        undeclared,
                        plus(snapshotted, {{"migrate.run.core", done}, {"pointer.switch", done}}),
                        {"8"},
                        DataVerdict::restore},
                   Case{"opened_for_the_gate",
                        undeclared,
                        plus(snapshotted, {{"migrate.run.core", done}, {"database.open", doing}}),
                        {"8"},
                        DataVerdict::restore_if_unwritten},
                   Case{"started_for_the_gate",
                        undeclared,
                        plus(snapshotted, {{"migrate.run.core", done}, {"database.open", done}, {"services.start", failed}}),
                        {"8"},
                        DataVerdict::restore_if_unwritten},
                   Case{"opened_but_the_old_release_reads_it",
                        old_reads_8,
                        plus(snapshotted, {{"migrate.run.core", done}, {"database.open", done}}),
                        {"8"},
                        DataVerdict::keep_schema},
                   Case{
                       "opened_and_it_reads_one_of_two",
                       old_reads_8,
                       plus(snapshotted, {{"migrate.run.core", done}, {"database.open", done}}),
                       {"8", "9"},
                       DataVerdict::restore_if_unwritten},
                   Case{
                       "opened_and_it_reads_both",
                       old_reads_8,
                       plus(snapshotted, {{"migrate.run.core", done}, {"database.open", done}}),
                       {"8", "7"},
                       DataVerdict::keep_schema},
                   Case{"opened_and_the_database_is_away",
                        old_reads_8,
                        plus(snapshotted, {{"migrate.run.core", done}, {"database.open", done}}),
                        {"unreachable"},
                        {}},
                   Case{
                       "fenced_by_a_look_alone",
                       undeclared,
                       {{"services.stop", done}, {"snapshot.take", done}, {"migrate.run.core", failed}},
                       {"half"},
                       DataVerdict::restore_if_unwritten,
                       false},
                   Case{
                       "fenced_by_a_look_and_guarded",
                       undeclared,
                       plus(snapshotted, {{"guard.on", done}, {"migrate.run.core", failed}}),
                       {"half"},
                       DataVerdict::restore,
                       false},
                   Case{
                       "the_snapshot_was_not_taken",
                       undeclared,
                       {{"snapshot.take", failed}, {"migrate.run.core", doing}},
                       {"half"},
                       DataVerdict::needs_operator},
                   Case{
                       "writers_went_on",
                       accepted,
                       {{"snapshot.take", done}, {"migrate.run.core", done}},
                       {"8"},
                       DataVerdict::needs_operator},
                   Case{
                       "writers_went_on_half_way",
                       accepted_and_old_reads_8,
                       {{"snapshot.take", done}, {"migrate.run.core", doing}},
                       {"8"},
                       DataVerdict::needs_operator},
                   Case{
                       "writers_went_on_but_it_reads_it",
                       accepted_and_old_reads_8,
                       {{"snapshot.take", done}, {"migrate.run.core", done}},
                       {"8"},
                       DataVerdict::keep_schema},
                   Case{
                       "writers_went_on_and_nothing_changed",
                       accepted,
                       {{"snapshot.take", done}, {"migrate.run.core", done}},
                       {"7"},
                       DataVerdict::keep_schema},
                   Case{"writers_went_on_and_the_database_is_away",
                        accepted_and_old_reads_8,
                        {{"snapshot.take", done}, {"migrate.run.core", done}},
                        {"unreachable"},
                        {}},
                   Case{
                       "the_schema_is_not_known",
                       accepted_and_old_reads_8,
                       {{"snapshot.take", done}, {"migrate.run.core", done}},
                       {""},
                       DataVerdict::needs_operator},
                   Case{
                       "no_database_is_known",
                       [](Shop& s) {
                           s.migrates(false);
                           s.site.databases.clear();
                           s.facts.databases.clear();
                       },
                       {{"migrate.run.core", done}},
                       {},
                       DataVerdict::needs_operator}),
    [](const auto& info) { return info.param.name; });

TEST(DataVerdict, HasWords) {
    for (const auto verdict : {DataVerdict::untouched, DataVerdict::keep_schema, DataVerdict::restore,
                               DataVerdict::restore_if_unwritten, DataVerdict::needs_operator})
        EXPECT_EQ(verdict, data_verdict(word(verdict)));
    EXPECT_EQ(DataVerdict::needs_operator, data_verdict("of a later uprev"));
}

TEST(Pinned, IsReadBack) {
    Shop shop;
    shop.migrates(true);
    Pinned pinned;
    pinned.site = shop.site;
    pinned.release = shop.release;
    pinned.old_release = shop.old_release;
    pinned.mark = "m1";
    pinned.old_folder = "/srv/shop/releases/old";
    pinned.folder = "/srv/shop/releases/new";
    pinned.staging = "/srv/shop/releases/.staging.m1";
    pinned.artifact = "/state/a.tar.xz";
    pinned.sha256 = "ab";
    pinned.work = "/state/ops/1";
    pinned.snapshots = "/state/snapshots";
    pinned.target = {"1.5.0", "shop.tar.xz", "ab", 77, {"minisign: key 1"}, "c", true, "g"};
    const auto json = to_json(pinned);
    const auto back = pinned_from_json(json);
    ASSERT_TRUE(back.has_value()) << back.error().text();
    EXPECT_EQ(json, to_json(*back));
    EXPECT_EQ(pinned.staging, back->staging);
    EXPECT_EQ(77U, back->target.size);
    EXPECT_TRUE(back->release.migrations[0].declared_compatible);
    for (const auto& [key, value] : json.items()) {
        auto less = json;
        less.erase(key);
        EXPECT_EQ(Code::corrupt, pinned_from_json(less).error().code) << key;
    }
    EXPECT_EQ(Code::corrupt, pinned_from_json(Json()).error().code);
}

}  // namespace
}  // namespace uprev
