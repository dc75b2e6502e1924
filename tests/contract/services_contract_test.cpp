// SPDX-License-Identifier: Apache-2.0
// What every service manager's adapter promises, over each of them with the real manager.
#include <fstream>

#include "services_world.hpp"

namespace uprev::test {
namespace {

struct Kind {
    const char* name;
    std::unique_ptr<World> (*make)();
};

class ServicesContract : public testing::TestWithParam<Kind> {
   protected:
    std::unique_ptr<World> world_ = GetParam().make();
    Services& services() { return world_->services(); }
};

TEST_P(ServicesContract, StartsReloadsAndStops) {
    if (std::string(GetParam().name) == "pm2") static_cast<Pm2World&>(*world_).start_foreign();
    ASSERT_OK(services().start({"web"}, world_->release("1.0.0")));
    auto state = world_->state();
    EXPECT_EQ(RunState::running, state.state);
    EXPECT_FALSE(state.pids.empty());
    EXPECT_EQ(world_->release("1.0.0").string(), state.running_from);
    EXPECT_EQ("", state.problem);
    EXPECT_EQ("1.0.0", world_->served_soon());

    world_->swap("1.1.0");
    ASSERT_OK(services().reload({"web"}, world_->release("1.1.0")));
    state = world_->state();
    EXPECT_EQ(RunState::running, state.state);
    EXPECT_EQ(world_->release("1.1.0").string(), state.running_from);
    EXPECT_EQ("1.1.0", world_->served_soon());

    ASSERT_OK(services().stop({"web"}));
    state = world_->state();
    EXPECT_EQ(RunState::stopped, state.state);
    EXPECT_TRUE(state.pids.empty());
    EXPECT_EQ("", state.running_from);
    EXPECT_EQ("", world_->served());
}

TEST_P(ServicesContract, EachVerbMayBeCalledAgain) {
    if (std::string(GetParam().name) == "pm2") static_cast<Pm2World&>(*world_).start_foreign();
    ASSERT_OK(services().stop({}));
    ASSERT_OK(services().start({}, world_->release("1.0.0")));
    const auto pids = world_->state().pids;
    ASSERT_OK(services().start({}, world_->release("1.0.0")));
    EXPECT_EQ(pids, world_->state().pids) << "one that runs is left alone";
    ASSERT_OK(services().reload({}, world_->release("1.0.0")));
    EXPECT_NE(pids, world_->state().pids);
    ASSERT_OK(services().stop({}));
    ASSERT_OK(services().stop({}));
    world_->swap("1.1.0");
    ASSERT_OK(services().reload({}, world_->release("1.1.0")));
    EXPECT_EQ("1.1.0", world_->served_soon()) << "one that is stopped is started by a reload";
}

TEST_P(ServicesContract, AnUnknownNameIsNotFound) {
    const auto done = services().start({"wbe"}, world_->release("1.0.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::not_found, done.error().code);
    EXPECT_NE(std::string::npos, done.error().message.find("wbe"));
}

TEST_P(ServicesContract, AReleaseThatDiesAtBootIsAFailure) {
    world_->add_release("1.2.0", "console.error('boom at boot'); process.exit(3);\n");
    world_->swap("1.2.0");
    world_->site.services.settle = Millis(5'000);
    const auto done = services().start({"web"}, world_->release("1.2.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(Code::failed, done.error().code) << done.error().text();
}

INSTANTIATE_TEST_SUITE_P(Managers, ServicesContract,
                         testing::Values(Kind{"pm2", []() -> std::unique_ptr<World> { return std::make_unique<Pm2World>(); }},
                                         Kind{"command",
                                              []() -> std::unique_ptr<World> { return std::make_unique<CommandWorld>(); }}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CommandServices, GuardIsACapabilityThatTheSiteConfigures) {
    CommandWorld world;
    EXPECT_FALSE(world.services().capabilities()->guard);
    EXPECT_EQ(Code::refused, world.services().guard(true, "op1").error().code);
    CommandWorld guarded;
    guarded.site.services.guard_on.argv = {"touch", "${root}/guarded"};
    guarded.site.services.guard_off.shell = "rm -f \"$UPREV_ROOT/guarded\"; echo \"$UPREV_MARK\" >\"$UPREV_ROOT/mark\"";
    ASSERT_TRUE(guarded.services().capabilities()->guard);
    ASSERT_OK(guarded.services().guard(true, "op1"));
    EXPECT_TRUE(fs::exists(guarded.root / "guarded"));
    ASSERT_OK(guarded.services().guard(false, "op1"));
    EXPECT_FALSE(fs::exists(guarded.root / "guarded"));
    EXPECT_EQ("op1\n", World::read(guarded.root / "mark"));
}

TEST(CommandServices, NamesWhatIsMissingInTheSiteFile) {
    CommandWorld world;
    world.site.services.commands[0].status = {};
    const auto made = make_command_services(world.site, {}, *world.processes, world.clock);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ("service 'web' has no status command", made.error().message);
}

TEST(CommandServices, AReleaseServiceWithoutCommandsIsShown) {
    CommandWorld world;
    ServiceSpec spec;
    spec.name = "worker";
    const auto made = make_command_services(world.site, {spec}, *world.processes, world.clock);
    const auto rows = (*made)->observe();
    ASSERT_OK(rows);
    ASSERT_EQ(2U, rows->size());
    EXPECT_EQ(RunState::missing, (*rows)[1].state);
    EXPECT_EQ("the site file has no commands for it", (*rows)[1].problem);
}

TEST(CommandServices, AReloadCommandThatKeepsTheOldReleaseIsAFailure) {
    CommandWorld world;
    world.site.services.settle = Millis(1'000);
    world.site.services.commands[0].reload.argv = {"true"};
    ASSERT_OK(world.services().start({}, world.release("1.0.0")));
    world.swap("1.1.0");
    const auto done = world.services().reload({}, world.release("1.1.0"));
    ASSERT_FALSE(done.has_value());
    EXPECT_NE(std::string::npos, done.error().message.find("it runs from")) << done.error().message;
}

TEST(CommandServices, ASecretOfTheSiteIsMaskedInAFailure) {
    CommandWorld world;
    const auto file = world.root.string() + ".secret";
    std::ofstream(file) << "canary-93641";
    fs::permissions(file, fs::perms(0600));
    world.site.environment["TOKEN"] = "file:" + file;
    world.site.services.commands[0].start = {};
    world.site.services.commands[0].start.shell = "echo \"token is $TOKEN\"; exit 4";
    const auto done = world.services().start({}, world.release("1.0.0"));
    ASSERT_FALSE(done.has_value());
    fs::remove(file);
    EXPECT_EQ(std::string::npos, done.error().message.find("canary")) << done.error().message;
    EXPECT_NE(std::string::npos, done.error().message.find("exit code 4")) << done.error().message;
}

}  // namespace
}  // namespace uprev::test
