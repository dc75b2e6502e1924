// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "os/identity.hpp"
#include "os/process.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

using std::chrono::milliseconds;

Command shell(const std::string& script) {
    Command out;
    out.argv = {"/bin/sh", "-c", script};
    out.env = {{"PATH", "/usr/bin:/bin"}};
    return out;
}
std::vector<int> sleeping(const std::string& time) { return commands_matching(std::string("sleep\0", 6) + time); }

TEST(Capture, KeepsTheStreamsApart) {
    const auto got = capture(shell("echo out; echo err >&2; exit 4"));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->output, "out\n");
    EXPECT_EQ(got->errors, "err\n");
    EXPECT_EQ(got->outcome.exit_code, 4);
}

TEST(Capture, TakesMuchOnBothStreamsAtOnce) {
    const auto got = capture(shell("head -c 3000000 /dev/zero & head -c 3000000 /dev/zero >&2; wait"));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->output.size(), 3'000'000U);
    EXPECT_EQ(got->errors.size(), 3'000'000U);
}

TEST(Capture, GivesInputAndOnlyTheStatedEnvironment) {
    ::setenv("UPREV_CANARY", "leaked", 1);
    auto command = shell("env | grep -v -e ^PWD= -e ^PATH= -e ^_=; cat");
    command.env["A"] = "1";
    command.input = "typed";
    EXPECT_EQ(capture(command)->output, "A=1\ntyped");
}

TEST(Capture, MasksErrorsAndTailButNotTheOutput) {
    auto command = shell("echo the-password; echo the-password >&2");
    command.masked = {"the-password"};
    const auto got = capture(command);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->output, "the-password\n");
    EXPECT_EQ(got->errors, "***\n");
    EXPECT_EQ(got->outcome.tail, "***\n***\n");
}

TEST(Capture, AnExpiredLimitEndsTheTree) {
    auto command = shell("sleep 57.1 & setsid sleep 57.2 & sleep 57.3");
    command.limit = milliseconds(300);
    const auto got = capture(command);
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->outcome.expired);
    EXPECT_LT(got->outcome.took, milliseconds(5000));
    EXPECT_TRUE(eventually([] { return sleeping("57.").empty(); }));
}

TEST(Capture, SomethingThatKeepsTheStreamsOpenDoesNotHoldUsUp) {
    const auto began = std::chrono::steady_clock::now();
    const auto got = capture(shell("sleep 58.1 & echo done"));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->output, "done\n");
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
    EXPECT_TRUE(eventually([] { return sleeping("58.").empty(); }));
}

TEST(Capture, EndlessOutputIsRefused) {
    const auto got = capture(shell("exec cat /dev/zero"));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::exhausted);
}

TEST(Capture, DiesWithUs) {
    const pid_t uprev = in_background([] { (void)capture(shell("exec sleep 59.1")); });
    ASSERT_TRUE(eventually([] { return !sleeping("59.1").empty(); }));
    kill_and_wait(uprev);
    EXPECT_TRUE(eventually([] { return sleeping("59.1").empty(); }));
}

TEST(Capture, WorksFromManyThreads) {
    std::vector<std::thread> threads;
    std::vector<std::string> out(12);
    for (std::size_t i = 0; i < out.size(); ++i)
        threads.emplace_back([&, i] { out[i] = capture(shell("echo " + std::to_string(i)))->output; });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], std::to_string(i) + "\n");
}

TEST(Capture, SaysWhyItCouldNotStart) {
    auto command = shell("");
    command.argv = {"uprev-no-such-program"};
    EXPECT_EQ(capture(command).error().code, Code::not_found);
    command = shell("true");
    command.cwd = "/nonexistent";
    EXPECT_NE(capture(command).error().message.find("/nonexistent"), std::string::npos);
    command.argv.clear();
    EXPECT_EQ(capture(command).error().code, Code::invalid);
}

// Root becomes the user on the child's side alone; anybody else is refused.
TEST(Capture, RunsAsTheUser) {
    auto command = shell("id -un; id -G");
    command.user = "nobody";
    const auto got = capture(command);
    if (::geteuid() != 0) {
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code, Code::permission);
        return;
    }
    ASSERT_TRUE(got);
    EXPECT_EQ(got->output, "nobody\n" + std::to_string(find_user("nobody")->gid) + "\n");
    EXPECT_EQ(::geteuid(), 0U);
}

}  // namespace
}  // namespace uprev::os
