// SPDX-License-Identifier: Apache-2.0
// PM2 when things go wrong: releases that die, a daemon that is dead, reboots behind the guard.
#include <signal.h>

#include <algorithm>
#include <thread>

#include "adapters/probe/probe.hpp"
#include "os/identity.hpp"
#include "services_world.hpp"

namespace uprev::test {
namespace {

using nlohmann::json;

class Pm2Failures : public testing::Test {
   protected:
    Services& services() { return world_.services(); }
    void start(bool python = false) {
        world_.start_foreign(python);
        ASSERT_OK(services().start({}, world_.release("1.0.0")));
    }
    static std::vector<std::string> names(const std::string& dump) {
        std::vector<std::string> found;
        for (const auto& entry : json::parse(dump)) found.push_back(entry.at("name"));
        return found;
    }
    std::string dump(const char* name = "dump.pm2") { return World::read(world_.home / name); }

    Pm2World world_;
};

class ThrowsAtBoot : public Pm2Failures, public testing::WithParamInterface<int> {};

TEST_P(ThrowsAtBoot, IsAFailureSoonAndTheOldReleaseServesUntilThePointerIsBack) {
    world_.ecosystem("{instances: " + std::to_string(GetParam()) + "}");
    world_.add_release("1.2.0", "throw new Error('boom');\n");
    start();
    const auto foreign = world_.foreign_identity();
    const auto probe = make_probe(*world_.http, *world_.processes);
    Prober prober(*probe, world_.clock, {world_.specs[0].health[0]}, 50);
    prober.start();
    world_.swap("1.2.0");
    const auto began = world_.clock.steady();
    const auto done = services().reload({}, world_.release("1.2.0"));
    EXPECT_LT(world_.clock.steady() - began, os::Milliseconds(10'000));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::failed, done.error().code);
    EXPECT_NE(std::string::npos, done.error().message.find("died while starting")) << done.error().message;
    world_.swap("1.0.0");
    ASSERT_OK(services().reload({}, world_.release("1.0.0")));
    EXPECT_EQ("1.0.0", world_.served());
    EXPECT_EQ(RunState::running, world_.state().state);
    EXPECT_EQ(0U, prober.stop().failed);
    EXPECT_EQ(foreign, world_.foreign_identity());
    // And the next good release goes in as if nothing had been.
    world_.swap("1.1.0");
    ASSERT_OK(services().reload({}, world_.release("1.1.0")));
    EXPECT_EQ("1.1.0", world_.served());
}

INSTANTIATE_TEST_SUITE_P(Workers, ThrowsAtBoot, testing::Values(1, 2));

TEST_F(Pm2Failures, AFailureQuotesTheErrorLogWithSecretsMasked) {
    world_.write(world_.root / "shared" / ".env", "PASSWORD=canary-5582\n");
    world_.add_release("1.2.0", "console.error('boom with canary-5582'); setTimeout(() => process.exit(1), 400);\n");
    start();
    world_.swap("1.2.0");
    const auto done = services().reload({}, world_.release("1.2.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_NE(std::string::npos, done.error().message.find("boom with ***")) << done.error().message;
    EXPECT_EQ(std::string::npos, done.error().text().find("canary"));
}

TEST_F(Pm2Failures, ForkModeThatThrowsAtBootIsAFailureAndComesBack) {
    world_.ecosystem("{exec_mode: 'fork', instances: 1}");
    world_.add_release("1.2.0", "throw new Error('boom');\n");
    start();
    world_.swap("1.2.0");
    const auto done = services().reload({}, world_.release("1.2.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::failed, done.error().code);
    world_.swap("1.0.0");
    ASSERT_OK(services().reload({}, world_.release("1.0.0")));
    EXPECT_EQ("1.0.0", world_.served());
}

TEST_F(Pm2Failures, AnEcosystemFileThatThrowsStopsBeforeAnythingIsTouched) {
    start();
    const auto before = world_.state().pids;
    world_.write(world_.root / "shared" / "ecosystem.config.js", "throw new Error('broken file');\n");
    world_.swap("1.1.0");
    const auto done = services().reload({}, world_.release("1.1.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_NE(std::string::npos, done.error().message.find("broken file")) << done.error().message;
    EXPECT_EQ(before, world_.state().pids);
}

TEST_F(Pm2Failures, AskingADeadDaemonSpawnsNone) {
    for (const auto& error : {services().observe().error(), services().capabilities().error()}) {
        EXPECT_EQ(Code::unavailable, error.code);
        EXPECT_NE("", error.hint);
    }
    ASSERT_OK(services().stop({}));
    EXPECT_EQ(0, world_.daemon());
    start();
    world_.kill_daemon();
    EXPECT_EQ(Code::unavailable, services().observe().error().code);
    EXPECT_EQ(0, world_.daemon());
}

TEST_F(Pm2Failures, AfterAKilledDaemonOwnAppsComeBackAndForeignOnesAreNotStartedTwice) {
    start(true);
    world_.pm2({"save"});
    const int foreign = world_.app("foreign").at("pid").get<int>();
    world_.kill_daemon();
    world_.swap("1.1.0");
    ASSERT_OK(services().reload({}, world_.release("1.1.0")));
    EXPECT_EQ("1.1.0", world_.served());
    EXPECT_EQ(2U, world_.state().pids.size());
    EXPECT_EQ(0, ::kill(foreign, 0)) << "a foreign app in fork mode outlives its daemon, and nobody ends it";
    EXPECT_EQ("gone", world_.foreign_identity());
    ::kill(foreign, SIGKILL);
}

TEST_F(Pm2Failures, AnOrphanOfADeadDaemonIsEndedBeforeItsSuccessorStarts) {
    world_.ecosystem("{exec_mode: 'fork', instances: 1, script: 'app.py', interpreter: 'python3', wait_ready: false}");
    start(true);
    const int orphan = world_.state().pids.at(0);
    const int foreign = world_.app("foreign").at("pid").get<int>();
    world_.kill_daemon();
    ASSERT_EQ(0, ::kill(orphan, 0));
    ASSERT_EQ("1.0.0", world_.served_soon());
    world_.swap("1.1.0");
    ASSERT_OK(services().start({}, world_.release("1.1.0")));
    EXPECT_EQ("1.1.0", world_.served_soon());
    EXPECT_FALSE(os::identify(orphan) && os::alive(*os::identify(orphan)));
    EXPECT_EQ(0, ::kill(foreign, 0));
    world_.kill_daemon();
    ASSERT_OK(services().stop({}));
    EXPECT_EQ("", world_.served()) << "stopping, too, ends what a dead daemon left";
    ::kill(foreign, SIGKILL);
}

TEST_F(Pm2Failures, TheDaemonDiesDuringAReload) {
    world_.ecosystem("{env: {PORT: " + std::to_string(world_.port) + ", BOOT_DELAY: 1500}}");
    start();
    world_.swap("1.1.0");
    std::thread killer([&] {
        world_.clock.sleep(os::Milliseconds(2'500));
        world_.kill_daemon();
    });
    const auto done = services().reload({}, world_.release("1.1.0"));
    killer.join();
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::unavailable, done.error().code) << done.error().text();
    world_.swap("1.0.0");
    ASSERT_OK(services().reload({}, world_.release("1.0.0")));
    EXPECT_EQ("1.0.0", world_.served());
}

TEST_F(Pm2Failures, BehindTheGuardAResurrectStartsOnlyForeignApps) {
    start();
    world_.pm2({"save"});
    world_.pm2({"save"});  // writes dump.pm2.bak as well
    const auto before = dump();
    const auto before_bak = dump("dump.pm2.bak");
    ASSERT_OK(services().stop({}));
    ASSERT_OK(services().guard(true, "op-1"));
    ASSERT_OK(services().guard(true, "op-1"));
    EXPECT_EQ((std::vector<std::string>{"foreign"}), names(dump()));
    EXPECT_EQ((std::vector<std::string>{"foreign"}), names(dump("dump.pm2.bak")));
    EXPECT_EQ(fs::perms(0600), fs::status(world_.home / "dump.pm2.uprev-op-1").permissions());
    world_.pm2({"kill"});
    world_.pm2({"resurrect"});  // what a reboot does
    EXPECT_TRUE(world_.app("web").is_null());
    EXPECT_EQ("online", world_.app("foreign").at("pm2_env").at("status"));
    ASSERT_OK(services().guard(false, "op-1"));
    ASSERT_OK(services().guard(false, "op-1"));
    EXPECT_EQ(json::parse(before), json::parse(dump()));
    EXPECT_EQ(json::parse(before_bak), json::parse(dump("dump.pm2.bak")));
    EXPECT_FALSE(fs::exists(world_.home / "dump.pm2.uprev-op-1"));
    world_.pm2({"resurrect"});
    EXPECT_EQ("online", world_.app("web").at("pm2_env").at("status"));
}

TEST_F(Pm2Failures, TheGuardMergesWhatWasSavedMeanwhile) {
    start();
    world_.pm2({"save"});
    ASSERT_OK(services().guard(true, "op"));
    ASSERT_OK(services().stop({}));
    world_.pm2({"delete", "foreign"});
    const auto folder = world_.root / "elsewhere" / "app";
    world_.pm2({"start", (folder / "app.js").string(), "--name", "newcomer", "--cwd", folder.string()});
    world_.pm2({"save"});  // lists web as stopped
    ASSERT_OK(services().guard(false, "op"));
    const auto now = json::parse(dump());
    ASSERT_EQ(3U, now.size()) << dump();
    for (const auto& entry : now) EXPECT_EQ("online", entry.at("status")) << entry.at("name");
    const auto found = names(dump());
    EXPECT_EQ(1, std::count(found.begin(), found.end(), "newcomer"));
    EXPECT_EQ(2, std::count(found.begin(), found.end(), "web"));
}

TEST_F(Pm2Failures, NothingOfOursInPm2sHomeBelongsToRoot) {
    start();
    world_.pm2({"save"});
    ASSERT_OK(services().guard(true, "op"));
    ASSERT_OK(services().guard(false, "op"));
    EXPECT_EQ("", world_.run({"find", world_.home.string(), "!", "-user", os::find_user(world_.user)->name}));
    EXPECT_FALSE(fs::exists(world_.home / "uprev.config.cjs"));
}

}  // namespace
}  // namespace uprev::test
