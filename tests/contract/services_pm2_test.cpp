// SPDX-License-Identifier: Apache-2.0
// PM2's traps, each on a real PM2: paths that don't follow the pointer, settings that a reload ignores, apps that aren't ours.
#include "adapters/probe/probe.hpp"
#include "services_world.hpp"

namespace uprev::test {
namespace {

class Pm2 : public testing::Test {
   protected:
    Services& services() { return world_.services(); }
    void TearDown() override {
        if (foreign_.empty()) return;
        EXPECT_EQ(foreign_, world_.foreign_identity()) << "the foreign app noticed";
    }
    void start(const std::string& version = "1.0.0") {
        world_.start_foreign();
        foreign_ = world_.foreign_identity();
        ASSERT_OK(services().start({}, world_.release(version)));
    }
    void reload(const std::string& version) {
        world_.swap(version);
        ASSERT_OK(services().reload({}, world_.release(version)));
        EXPECT_EQ(version, world_.served());
    }

    Pm2World world_;
    std::string foreign_;
};

TEST_F(Pm2, AReloadUnderLoadFailsNoRequest) {
    start();
    const auto can = services().capabilities();
    ASSERT_OK(can);
    EXPECT_TRUE(can->graceful_reload) << can->why_not_graceful;
    EXPECT_TRUE(can->guard);
    const auto probe = make_probe(*world_.http, *world_.processes);
    Prober prober(*probe, world_.clock, {world_.specs[0].health[0]}, 50);
    prober.start();
    reload("1.1.0");
    const auto downtime = prober.stop();
    EXPECT_GT(downtime.requests, 50U);
    EXPECT_EQ(0U, downtime.failed);
    EXPECT_EQ(2U, world_.state().pids.size());
}

TEST_F(Pm2, TheAppsOwnVariablesAreRefreshedAndPwdIsKept) {
    start();
    world_.ecosystem("{env: {PORT: " + std::to_string(world_.port) + ", WORD: 'two'}}");
    reload("1.1.0");
    const auto answer = world_.ask();
    EXPECT_EQ("two", answer.at("word"));
    EXPECT_EQ((world_.root / "current").string(), answer.at("pwd"));
    EXPECT_EQ(world_.release("1.1.0").string(), answer.at("cwd"));
}

TEST_F(Pm2, TheEnvironmentItWasStartedWithIsChosenAgain) {
    world_.ecosystem("{env: {PORT: " + std::to_string(world_.port) +
                     ", NODE_ENV: 'development'}, env_production: {NODE_ENV: 'production', WORD: 'live'}}");
    world_.pm2({"start", (world_.root / "current" / "ecosystem.config.js").string(), "--env", "production"});
    ASSERT_EQ("production", world_.ask().at("node_env"));
    reload("1.1.0");
    EXPECT_EQ("production", world_.ask().at("node_env"));
    EXPECT_EQ("live", world_.ask().at("word"));
}

TEST_F(Pm2, StartedFromInsideTheReleaseIsSeenAndReplaced) {
    world_.start_foreign();
    foreign_ = world_.foreign_identity();
    world_.pm2({"start", "app.js", "--name", "web", "-i", "2"}, world_.root / "current");
    EXPECT_NE(std::string::npos, world_.state().problem.find("resolved path")) << world_.state().problem;
    const auto can = services().capabilities();
    EXPECT_FALSE(can->graceful_reload);
    EXPECT_NE(std::string::npos, can->why_not_graceful.find("'web'"));
    reload("1.1.0");
    EXPECT_EQ("", world_.state().problem);
    EXPECT_TRUE(services().capabilities()->graceful_reload);
    reload("1.0.0");
}

TEST_F(Pm2, WithoutAnEcosystemFileAResolvedPathIsRefused) {
    world_.pm2({"start", "app.js", "--name", "web", "-i", "1"}, world_.root / "current");
    world_.site.services.pm2.ecosystem.clear();
    world_.made_anew();
    world_.swap("1.1.0");
    const auto done = services().reload({}, world_.release("1.1.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::refused, done.error().code);
    EXPECT_EQ("1.0.0", world_.served()) << "nothing was touched";
}

TEST_F(Pm2, WithoutAnEcosystemFileAReloadByNameWorks) {
    start();
    world_.site.services.pm2.ecosystem.clear();
    world_.made_anew();
    reload("1.1.0");
}

TEST_F(Pm2, AnEcosystemThatResolvesItsFolderIsStraightened) {
    for (const auto* cwd : {"__dirname + '/../current'", "fs.realpathSync(root + '/current')"}) {
        world_.ecosystem(std::string("{cwd: ") + cwd + "}");
        world_.swap("1.0.0");
        ASSERT_OK(services().start({}, world_.release("1.0.0")));
        EXPECT_EQ("", world_.state().problem) << cwd;
        reload("1.1.0");
        ASSERT_OK(services().stop({}));
        world_.pm2({"delete", "web"});
    }
}

TEST_F(Pm2, AResolvedPathInTheDumpIsStraightenedToo) {
    world_.start_foreign();
    world_.pm2({"start", "app.js", "--name", "web", "-i", "1"}, world_.root / "current");
    world_.pm2({"save"});
    ASSERT_NE(std::string::npos, World::read(world_.home / "dump.pm2").find("releases/1.0.0"));
    reload("1.1.0");
    for (const auto& entry : nlohmann::json::parse(World::read(world_.home / "dump.pm2"))) {
        const auto folder = world_.root / (entry.at("name") == "web" ? "current" : "elsewhere/app");
        EXPECT_EQ(folder.string(), entry.at("pm_cwd"));
    }
}

TEST_F(Pm2, MoreAndFewerInstancesTakeEffect) {
    start();
    world_.ecosystem("{instances: 3}");
    reload("1.1.0");
    EXPECT_EQ(3U, world_.state().pids.size());
    world_.ecosystem("{instances: 1}");
    reload("1.0.0");
    EXPECT_EQ(1U, world_.state().pids.size());
}

TEST_F(Pm2, AChangedFolderOrModeTakesEffect) {
    start();
    world_.run({"mkdir", "-p", (world_.release("1.1.0") / "backend").string()});
    world_.run({"cp", (world_.release("1.1.0") / "app.js").string(), (world_.release("1.1.0") / "VERSION").string(),
                (world_.release("1.1.0") / "backend").string()});
    world_.ecosystem("{cwd: root + '/current/backend'}");
    reload("1.1.0");
    EXPECT_EQ((world_.release("1.1.0") / "backend").string(), world_.state().running_from);
    world_.ecosystem("{exec_mode: 'fork', instances: 1}");
    reload("1.0.0");
    EXPECT_EQ("runs in fork mode: each reload is an outage", world_.state().problem);
    EXPECT_EQ("app 'web' runs in fork mode", services().capabilities()->why_not_graceful);
}

TEST_F(Pm2, BootLongerThanListenTimeoutIsWaitedFor) {
    world_.ecosystem("{listen_timeout: 600, env: {PORT: " + std::to_string(world_.port) + ", BOOT_DELAY: 2500}}");
    start();
    const auto probe = make_probe(*world_.http, *world_.processes);
    Prober prober(*probe, world_.clock, {world_.specs[0].health[0]}, 50);
    prober.start();
    reload("1.1.0");
    EXPECT_EQ(0U, prober.stop().failed);
}

TEST_F(Pm2, ABannerBeforeTheListIsTolerated) {
    start();
    world_.write(world_.root / "pm2.sh",
                 "#!/bin/sh\necho '[PM2] a banner [with brackets]'\nprintf '>>>> In-memory PM2 is out-of-date '\nexec " +
                     pm2_command() + " \"$@\"\n");
    world_.run({"chmod", "755", (world_.root / "pm2.sh").string()});
    world_.site.services.pm2.bin = (world_.root / "pm2.sh").string();
    world_.made_anew();
    EXPECT_EQ(RunState::running, world_.state().state);
}

TEST_F(Pm2, AForeignAppOfTheSameNameIsNeverTouched) {
    const auto folder = fs::temp_directory_path() / ("uprev-other-" + std::to_string(world_.port));
    world_.run({"mkdir", "-p", folder.string()});
    world_.write(folder / "VERSION", "9\n");
    world_.write(folder / "app.js", World::read(UPREV_TEST_SUPPORT "/pm2_app.js"));
    world_.pm2({"start", (folder / "app.js").string(), "--name", "web", "--cwd", folder.string()});
    const auto before = world_.app("web").at("pid");
    for (const auto& done :
         {services().stop({}), services().start({}, world_.release("1.0.0")), services().reload({}, world_.release("1.0.0"))}) {
        ASSERT_FALSE(done.has_value());
        EXPECT_EQ(Code::conflict, done.error().code);
    }
    EXPECT_NE(std::string::npos, world_.state().problem.find("another application"));
    world_.pm2({"save"});
    const auto dump = World::read(world_.home / "dump.pm2");
    ASSERT_OK(services().guard(true, "op"));
    EXPECT_EQ(dump, World::read(world_.home / "dump.pm2"));
    EXPECT_EQ(before, world_.app("web").at("pid"));
    fs::remove_all(folder);
}

TEST_F(Pm2, ANamespaceOfTheSameNameIsNotMistakenForTheApp) {
    world_.start_foreign();
    const auto folder = world_.root / "elsewhere" / "app";
    world_.pm2(
        {"start", (folder / "app.js").string(), "--name", "other", "--namespace", "web", "--cwd", folder.string(), "--", "x"});
    const auto before = world_.app("other").at("pid");
    ASSERT_OK(services().stop({}));
    EXPECT_EQ(before, world_.app("other").at("pid"));
    EXPECT_EQ("online", world_.app("other").at("pm2_env").at("status"));
}

TEST_F(Pm2, AnAppWithACronRestartStaysDown) {
    world_.ecosystem("{cron_restart: '0 4 1 1 *'}");
    start();
    ASSERT_OK(services().stop({}));
    EXPECT_EQ(RunState::missing, world_.state().state) << "a stopped one would be started by its schedule";
    reload("1.1.0");
    ASSERT_OK(services().stop({}));
    world_.site.services.pm2.ecosystem.clear();
    world_.pm2({"start", (world_.root / "current" / "app.js").string(), "--name", "web", "--cwd",
                (world_.root / "current").string(), "--cron", "0 4 1 1 *"});
    EXPECT_EQ(Code::refused, world_.made_anew().stop({}).error().code);
    EXPECT_EQ("1.1.0", world_.served_soon());
}

TEST_F(Pm2, NamesThatPm2ReadsAsSomethingElseAreRefused) {
    for (const auto* name : {"all", "0", "12", "/web/", "-x", "a,b", "a b", ""}) {
        world_.site.services.pm2.apps = {name};
        const auto made = make_pm2_services(world_.site, world_.specs, *world_.files, *world_.processes, world_.clock);
        ASSERT_FALSE(made.has_value()) << name;
        EXPECT_EQ(Code::invalid, made.error().code);
    }
    world_.site.services.pm2.apps.clear();
    EXPECT_EQ(Code::invalid, make_pm2_services(world_.site, {}, *world_.files, *world_.processes, world_.clock).error().code);
}

TEST_F(Pm2, AnAppThatTheEcosystemFileLacksIsNamed) {
    world_.start_foreign();
    world_.site.services.pm2.apps = {"wbe"};
    const auto done = world_.made_anew().start({}, world_.release("1.0.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::not_found, done.error().code);
    EXPECT_NE(std::string::npos, done.error().message.find("did you mean 'web'")) << done.error().message;
}

}  // namespace
}  // namespace uprev::test
