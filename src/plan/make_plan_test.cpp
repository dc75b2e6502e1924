// SPDX-License-Identifier: Apache-2.0
// Which steps in which order, what is disruptive, which writes, which point of no return; that a plan is a pure function; and that what
// the journal keeps of it is read back. UPREV_ACCEPT=1 rewrites the golden plans.
#include "plan/make_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

#include "base/text.hpp"
#include "plan/plan_fixture.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ids(const Plan& plan, bool disruptive_only = false) {
    std::vector<std::string> out;
    for (const auto& step : plan.steps)
        if (!disruptive_only || step.disruptive) out.push_back(step.id);
    return join(out, " ");
}

const std::string aside =
    "stage.unpack stage.link stage.promote prepare.dependencies.root prepare.dependencies.backend prepare.build.admin "
    "prepare.seal ";
const std::string reload =
    "services.standby services.retire pointer.switch services.reload gate.hold generation.record retention.gc";
const std::string migration = "snapshot.take migrate.run.core schema.check ";
const std::string stop = "snapshot.rehearse guard.on services.stop database.fence ";
const std::string reopen =
    "pointer.switch database.open services.start gate.hold guard.off generation.record snapshot.settle retention.gc";

struct PlanCase {
    const char* name;
    std::function<void(Shop&)> change;
    std::string steps;
    std::string disruptive;
    Writes writes;
    const char* reason;
    const char* point;
};

class Plans : public ::testing::TestWithParam<PlanCase> {};

TEST_P(Plans, HaveTheseSteps) {
    Shop shop;
    GetParam().change(shop);
    const auto plan = shop.upgrade();
    EXPECT_EQ(GetParam().steps, ids(plan));
    EXPECT_EQ(GetParam().disruptive, ids(plan, true));
    EXPECT_EQ(GetParam().writes, plan.writes);
    EXPECT_THAT(plan.writes_reason, HasSubstr(GetParam().reason));
    EXPECT_EQ(GetParam().point, plan.point_of_no_return);
    EXPECT_EQ(plan.point_of_no_return.empty(), plan.point_reason.empty());
    EXPECT_EQ("upgrade", plan.kind);
    EXPECT_EQ("1.4.2", plan.from);
    EXPECT_EQ("1.5.0", plan.to);
    std::set<std::string> seen;
    auto phase = Phase::fetch;
    for (const auto& step : plan.steps) {
        EXPECT_TRUE(seen.insert(step.id).second) << step.id << " is there twice";
        EXPECT_THAT(step.id, ::testing::StartsWith(step.kind));
        EXPECT_FALSE(step.title.empty()) << step.id;
        EXPECT_FALSE(step.reason.empty()) << step.id;
        EXPECT_GE(step.phase, phase) << step.id << " is out of order";
        phase = step.phase;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Upgrades, Plans,
    ::testing::Values(
        PlanCase{"no_migration", [](Shop&) {}, aside + reload, "services.retire pointer.switch", Writes::live, "declares no migration", ""},
        PlanCase{"frozen_by_the_site_but_nothing_migrates", [](Shop& s) { s.site.writes = "frozen"; }, aside + reload, "services.retire pointer.switch", Writes::live,
                 "declares no migration", ""},
        PlanCase{"undeclared", [](Shop& s) { s.migrates(false); }, aside + stop + migration + reopen,
                 "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"declared", [](Shop& s) { s.migrates(true); }, aside + migration + reload, "services.retire pointer.switch", Writes::live, "every migration is declared compatible", ""},
        PlanCase{"declared_but_the_site_says_frozen",
                 [](Shop& s) {
                     s.migrates(true);
                     s.site.writes = "frozen";
                 },
                 aside + stop + migration + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen, "the site file says writes: frozen",
                 "gate.hold"},
        PlanCase{"one_of_two_undeclared",
                 [](Shop& s) { s.release.migrations = {a_migration("core", true), a_migration("blog", false)}; },
                 aside + stop + "snapshot.take migrate.run.core migrate.run.blog schema.check " + reopen,
                 "services.stop database.fence migrate.run.core migrate.run.blog services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"live_is_not_accepted",
                 [](Shop& s) {
                     s.migrates(false);
                     s.site.writes = "live";
                 },
                 aside + stop + migration + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"accepted_but_not_live",
                 [](Shop& s) {
                     s.migrates(false);
                     s.site.migrate.accept_point_of_no_return = true;
                 },
                 aside + stop + migration + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"live_and_accepted",
                 [](Shop& s) {
                     s.release.migrations = {a_migration("core", false), a_migration("blog", false)};
                     s.site.writes = "live";
                     s.site.migrate.accept_point_of_no_return = true;
                 },
                 aside + "snapshot.take migrate.run.core migrate.run.blog schema.check " + reload, "migrate.run.core migrate.run.blog services.retire pointer.switch", Writes::live,
                 "accepts the point of no return", "migrate.run.core"},
        PlanCase{"at_the_schema_already",
                 [](Shop& s) {
                     s.migrates(false);
                     s.facts.databases["main"].schema = "8";
                 },
                 aside + reload, "services.retire pointer.switch", Writes::live, "at schema 8 already", ""},
        PlanCase{"at_a_later_schema_than_the_release_knows",
                 [](Shop& s) {
                     s.migrates(false);
                     s.facts.databases["main"].schema = "9";
                 },
                 aside + stop + migration + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"one_of_two_databases_is_behind",
                 [](Shop& s) {
                     s.migrates(false);
                     s.facts.databases["main"].schema = "8";
                     s.facts.databases["other"].schema = "7";
                 },
                 aside + stop + migration + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"the_schema_is_not_declared",
                 [](Shop& s) {
                     s.migrates(false);
                     s.release.schema.clear();
                     s.facts.databases["main"].schema.clear();
                 },
                 aside + stop + "snapshot.take migrate.run.core " + reopen, "services.stop database.fence migrate.run.core services.start", Writes::frozen,
                 "isn't declared compatible", "gate.hold"},
        PlanCase{"no_databases",
                 [](Shop& s) {
                     s.migrates(false);
                     s.site.databases.clear();
                     s.facts.databases.clear();
                 },
                 aside + "guard.on services.stop migrate.run.core pointer.switch services.start gate.hold guard.off generation.record retention.gc",
                 "services.stop migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"a_build_after_the_migrations",
                 [](Shop& s) {
                     s.migrates(true);
                     s.release.builds = {a_build("site", "migrate"), a_build("admin")};
                 },
                 aside + migration + "prepare.build.site prepare.seal.again " + reload, "services.retire pointer.switch", Writes::live, "declared compatible", ""},
        PlanCase{"maintenance",
                 [](Shop& s) {
                     s.migrates(false);
                     s.site.maintenance.on.argv = {"on"};
                     s.site.maintenance.off.argv = {"off"};
                 },
                 aside + "snapshot.rehearse maintenance.on guard.on services.stop database.fence " + migration +
                     "pointer.switch database.open services.start gate.hold guard.off maintenance.off generation.record snapshot.settle retention.gc",
                 "maintenance.on services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"maintenance_is_not_needed_live",
                 [](Shop& s) {
                     s.site.maintenance.on.argv = {"on"};
                     s.site.maintenance.off.argv = {"off"};
                 },
                 aside + reload, "services.retire pointer.switch", Writes::live, "declares no migration", ""},
        PlanCase{"no_guard",
                 [](Shop& s) {
                     s.migrates(false);
                     s.facts.capabilities.guard = false;
                 },
                 aside + "snapshot.rehearse services.stop database.fence " + migration + "pointer.switch database.open services.start gate.hold generation.record snapshot.settle retention.gc",
                 "services.stop database.fence migrate.run.core services.start", Writes::frozen, "isn't declared compatible", "gate.hold"},
        PlanCase{"no_graceful_reload",
                 [](Shop& s) {
                     s.facts.capabilities.graceful_reload = false;
                     s.facts.capabilities.why_not_graceful = "app 'backend' runs in fork mode";
                 },
                 aside + reload, "services.retire pointer.switch services.reload", Writes::live, "declares no migration", ""},
        PlanCase{"dependencies_by_lock_file", [](Shop& s) { s.release.dependencies.reset(); },
                 "stage.unpack stage.link stage.promote prepare.dependencies prepare.build.admin prepare.seal " + reload, "services.retire pointer.switch", Writes::live, "", ""},
        PlanCase{"nothing_to_link_install_or_build",
                 [](Shop& s) {
                     s.site.keep.clear();
                     s.release.dependencies = std::vector<DependencySpec>{};
                     s.release.builds.clear();
                 },
                 "stage.unpack stage.promote prepare.seal " + reload, "services.retire pointer.switch", Writes::live, "", ""},
        PlanCase{"two_of_one_name",
                 [](Shop& s) {
                     s.release.builds = {a_build("admin"), a_build("admin"), a_build("admin")};
                 },
                 "stage.unpack stage.link stage.promote prepare.dependencies.root prepare.dependencies.backend prepare.build.admin prepare.build.admin-2 "
                 "prepare.build.admin-3 prepare.seal " + reload,
                 "services.retire pointer.switch", Writes::live, "", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Plan, SaysWhatItsStepsAreAbout) {
    Shop shop;
    shop.migrates(false);
    shop.site.retention.releases = 5;
    shop.site.retention.snapshots = 4;
    const auto plan = shop.upgrade();
    const auto args = [&](const char* id) { return plan.find(id)->args; };
    EXPECT_EQ(shop.target.sha256, args("stage.unpack")["sha256"]);
    EXPECT_EQ(Json({".env", "uploads"}), args("stage.link")["keep"]);
    EXPECT_EQ("backend", args("prepare.dependencies.backend")["path"]);
    EXPECT_EQ("admin", args("prepare.build.admin")["cwd"]);
    EXPECT_EQ(Json({"main"}), args("snapshot.take")["databases"]);
    EXPECT_EQ(Json({"backend", "mailer"}), args("services.stop")["services"]);  // the old release's
    EXPECT_EQ(Json({"backend", "jobs"}), args("services.start")["services"]);   // the new one's
    EXPECT_EQ(false, args("migrate.run.core")["compatible"]);
    EXPECT_EQ("main", args("migrate.run.core")["database"]);
    EXPECT_EQ("8", args("schema.check")["schema"]);
    EXPECT_EQ("1.5.0", args("gate.hold")["version"]);
    EXPECT_EQ(5, args("retention.gc")["releases"]);
    EXPECT_EQ(4, args("retention.gc")["snapshots"]);
    EXPECT_EQ("services.stop", plan.steps[plan.first_disruptive()].id);
    EXPECT_EQ(nullptr, plan.find("nothing"));
    EXPECT_EQ(plan.steps.size(), plan.index("nothing"));
    EXPECT_EQ(0U, Plan().first_disruptive());
}

TEST(Plan, OnlyPrepareRunsSideBySide) {
    Shop shop;
    shop.migrates(false);
    for (const auto& step : shop.upgrade().steps)
        EXPECT_EQ(step.parallel, step.kind == "prepare.dependencies" || step.kind == "prepare.build") << step.id;
    shop.release.dependencies.reset();  // one step for all of them
    EXPECT_FALSE(shop.upgrade().find("prepare.dependencies")->parallel);
}

TEST(Plan, RollbackSwitchesAndHoldsTheGate) {
    Shop shop;
    shop.folder_exists = true;
    shop.migrates(false);
    const auto plan = plan_rollback(shop.input());
    EXPECT_EQ(reload, ids(plan));
    EXPECT_EQ("services.retire pointer.switch", ids(plan, true));
    EXPECT_EQ(Writes::live, plan.writes);
    EXPECT_EQ("rollback", plan.kind);
    EXPECT_EQ("", plan.point_of_no_return);
}

TEST(Plan, RestoreKeepsWritersOutAndCannotBeUndone) {
    Shop shop;
    shop.site.maintenance.on.argv = {"on"};
    const auto snapshots = Json::array({Json{{"database", "main"}}});
    const auto plan = plan_restore(shop.input(), snapshots);
    EXPECT_EQ(
        "database.lay_aside maintenance.on guard.on services.stop database.fence database.restore schema.check pointer.switch "
        "database.open services.start "
        "gate.hold guard.off maintenance.off "
        "generation.record retention.gc",
        ids(plan));
    EXPECT_EQ("maintenance.on services.stop database.fence database.restore services.start", ids(plan, true));
    EXPECT_EQ(Writes::frozen, plan.writes);
    EXPECT_EQ("restore", plan.kind);
    EXPECT_EQ("database.restore", plan.point_of_no_return);
    EXPECT_EQ(snapshots, plan.find("database.restore")->args["snapshots"]);
    EXPECT_NE(plan.hash, plan_restore(shop.input(), Json::array()).hash);
}

TEST(Plan, AcceptOpensAndStartsAndOnlyGoesForward) {
    Shop shop;
    const auto plan = plan_accept(shop.input());
    EXPECT_EQ(
        "schema.check services.standby pointer.switch database.open services.start gate.hold guard.off generation.record "
        "retention.gc",
        ids(plan));
    EXPECT_EQ("accept", plan.kind);
    EXPECT_EQ("services.standby", plan.point_of_no_return);
    EXPECT_EQ(Json::array(), plan.find("services.standby")->args["services"]);
}

TEST(Plan, TheSameInputGivesTheSamePlan) {
    for (const bool compatible : {true, false}) {
        Shop one;
        Shop two;
        one.migrates(compatible);
        two.migrates(compatible);
        EXPECT_EQ(to_json(one.upgrade()), to_json(two.upgrade()));
        EXPECT_EQ(64U, one.upgrade().hash.size());
    }
}

struct Change {
    const char* name;
    std::function<void(Shop&)> change;
};
class HashChanges : public ::testing::TestWithParam<Change> {};
TEST_P(HashChanges, WithWhatItRestsOn) {
    Shop shop;
    shop.migrates(false);
    const auto before = shop.upgrade().hash;
    GetParam().change(shop);
    EXPECT_NE(before, shop.upgrade().hash);
}
INSTANTIATE_TEST_SUITE_P(
    Facts, HashChanges,
    ::testing::Values(Change{"artifact", [](Shop& s) { s.target.sha256[0] = 'b'; }},
                      Change{"schema", [](Shop& s) { s.facts.databases["main"].schema = "6"; }},
                      Change{"address", [](Shop& s) { s.facts.databases["main"].address = "postgresql://other/shop"; }},
                      Change{"active_folder", [](Shop& s) { s.facts.active_folder += "x"; }},
                      Change{"installed_version", [](Shop& s) { s.facts.active_version = "1.4.1"; }},
                      Change{"target_version", [](Shop& s) { s.target.version = "1.5.1"; }},
                      Change{"site", [](Shop& s) { s.site.retention.reserve_bytes += 1; }},
                      Change{"site_environment", [](Shop& s) { s.site.environment["A"] = "env:B"; }},
                      Change{"migration_command", [](Shop& s) { s.release.migrations[0].command.argv.emplace_back("--force"); }},
                      Change{"migration_declared", [](Shop& s) { s.migrates(true); }},
                      Change{"health", [](Shop& s) { s.release.services[0].health.emplace_back(); }},
                      Change{"what_the_old_release_reads", [](Shop& s) { s.old_release.reads_schema = {"8"}; }},
                      Change{"guard", [](Shop& s) { s.facts.capabilities.guard = false; }},
                      Change{"graceful",
                             [](Shop& s) {
                                 s.release.migrations.clear();
                                 s.facts.capabilities.graceful_reload = false;
                             }}),
    [](const auto& info) { return info.param.name; });

TEST(Plan, TheHashLeavesOutWordsEstimatesAndWhatDoesNotMatter) {
    Shop shop;
    shop.migrates(false);
    const auto before = shop.upgrade();
    shop.target.artifact_name = "renamed.tar.xz";
    EXPECT_NE(before.find("stage.unpack")->title, shop.upgrade().find("stage.unpack")->title);
    EXPECT_EQ(before.hash, shop.upgrade().hash);
    shop.target.size = 77;
    shop.target.changelog = "https://example.com";
    shop.facts.databases["main"].bytes = 1'000'000;
    shop.facts.databases["main"].write_mark = "12345";
    shop.facts.databases["main"].sessions = 9;
    shop.facts.needs = {{"artifact", "/", 1, 100}};
    shop.facts.disks = {{"/", 1, 100}};
    shop.facts.services.emplace_back();
    shop.facts.unhealthy["backend"] = "503";
    EXPECT_EQ(before.hash, shop.upgrade().hash);
}

TEST(Plan, IsReadBackFromTheJournal) {
    Shop shop;
    shop.migrates(false);
    auto plan = shop.upgrade();
    plan.steps[1].version = 3;
    const auto back = plan_from_json(to_json(plan));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(to_json(plan), to_json(*back));
    EXPECT_EQ(Phase::prepare, back->find("prepare.seal")->phase);
    EXPECT_EQ(Writes::frozen, back->writes);
    shop.migrates(true);
    EXPECT_EQ(Writes::live, plan_from_json(to_json(shop.upgrade()))->writes);
}

TEST(Plan, OneThatCannotBeReadIsCorrupt) {
    Shop shop;
    const auto good = to_json(shop.upgrade());
    std::vector<Json> bad{Json(), Json::array(), Json("text"), Json::object()};
    for (const auto& [key, value] : good.items()) {
        bad.push_back(good);
        bad.back().erase(key);
        bad.push_back(good);
        if (key != "writes")
            bad.back()[key] = 7;
        else
            bad.back().erase(key);
    }
    for (const auto& [key, value] : good["steps"][0].items()) {
        bad.push_back(good);
        bad.back()["steps"][0].erase(key);
    }
    for (const auto& json : bad) {
        const auto plan = plan_from_json(json);
        ASSERT_FALSE(plan.has_value()) << json.dump();
        EXPECT_EQ(Code::corrupt, plan.error().code);
        EXPECT_FALSE(plan.error().hint.empty());
    }
}

TEST(Plan, PhasesHaveNames) {
    for (const auto phase : {Phase::fetch, Phase::stage, Phase::prepare, Phase::quiesce, Phase::snapshot, Phase::migrate,
                             Phase::activate, Phase::gate, Phase::resume, Phase::finish})
        EXPECT_EQ(phase, phase_from_name(phase_name(phase)));
}

TEST(ReadsSchema, ByWordOrRange) {
    struct Case {
        std::vector<std::string> reads;
        const char* own;
        const char* schema;
        bool can;
    };
    for (const auto& [reads, own, schema, can] :
         {Case{{}, "7", "7", true}, Case{{}, "7", "8", false}, Case{{"8"}, "7", "8", true}, Case{{"8"}, "7", "9", false},
          Case{{">=1.2.0 <2"}, "1.2.0", "1.9.3", true}, Case{{">=1.2.0 <2"}, "1.2.0", "2.0.0", false},
          Case{{"20260101_init", "^3.0.0"}, "", "20260101_init", true}, Case{{"*"}, "", "anything", false},
          Case{{"*"}, "", "1.0.0", true}, Case{{""}, "", "", false}, Case{{"*"}, "", "", false}, Case{{}, "", "", false}})
        EXPECT_EQ(can, reads_schema(reads, own, schema)) << join(reads, ",") << " own " << own << " schema " << schema;
}

TEST(Plan, ComparesPluginsOnlyWhereTheSiteHasSome) {
    Shop shop;
    EXPECT_EQ(nullptr, shop.upgrade().find("gate.plugins"));
    shop.site.plugins.emplace();
    const auto plan = shop.upgrade();
    EXPECT_EQ(plan.index("gate.hold") + 1, plan.index("gate.plugins"));
    EXPECT_EQ(nullptr, plan_rollback(shop.input()).find("gate.plugins")) << "an older set is what a rollback is for";
}

void expect_golden(const std::string& name, Plan plan) {
    plan.hash = "(hash)";  // it changes with every key that the two files gain
    const auto wanted = to_json(plan).dump(2) + "\n";
    const auto file = std::string(UPREV_SOURCE_DIR) + "/tests/golden/plans/" + name + ".json";
    const auto* accept = std::getenv("UPREV_ACCEPT");
    if (accept != nullptr && std::string_view(accept) == "1") std::ofstream(file, std::ios::binary) << wanted;
    std::ifstream in(file, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), wanted)
        << file << " is stale: run this test with UPREV_ACCEPT=1";
}

TEST(Plan, TheGoldenOnes) {
    Shop shop;
    expect_golden("upgrade_no_migration", shop.upgrade());
    expect_golden("rollback", plan_rollback(shop.input()));
    expect_golden("restore", plan_restore(shop.input(), Json::array({Json{{"database", "main"}, {"path", "/state/main.dump"}}})));
    expect_golden("accept", plan_accept(shop.input()));
    shop.migrates(true);
    expect_golden("upgrade_live", shop.upgrade());
    shop.migrates(false);
    shop.release.builds.push_back(a_build("site", "migrate"));
    shop.site.maintenance.on.argv = {"on"};
    shop.site.maintenance.off.argv = {"off"};
    expect_golden("upgrade_frozen", shop.upgrade());
    shop.site.writes = "live";
    shop.site.migrate.accept_point_of_no_return = true;
    expect_golden("upgrade_live_accepted", shop.upgrade());
}

}  // namespace
}  // namespace uprev
