// SPDX-License-Identifier: Apache-2.0
// What is left when uprev, its shim or the machine dies in the middle of a command.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "os/identity.hpp"
#include "os/linux.hpp"
#include "os/lock.hpp"
#include "os/process.hpp"
#include "os/record.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

using std::chrono::milliseconds;

class CrashTest : public ::testing::Test {
   protected:
    Command shell(const std::string& script) {
        Command out;
        out.argv = {"/bin/sh", "-c", script};
        out.env = {{"PATH", "/usr/bin:/bin"}};
        out.record = folder_.path() / "run";
        return out;
    }
    // A uprev of its own that runs `command`; returned once the command is under way.
    pid_t uprev_running(const Command& command, int lock_fd = -1) {
        const pid_t pid = in_background([&] { (void)make_processes(UPREV_SHIM_PATH, lock_fd)->run(command); });
        EXPECT_TRUE(eventually([&] { return started(command).has_value(); }));
        return pid;
    }
    static std::optional<StartedRecord> started(const Command& command) {
        const Descriptor folder(::open(command.record.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return folder ? read_started(folder.get()) : std::nullopt;
    }
    Recorded recorded(const Command& command) {
        const auto found = processes_->recorded(command.record);
        EXPECT_TRUE(found);
        return found ? *found : Recorded{};
    }
    static bool sleeping(const std::string& time) { return !commands_matching(std::string("sleep\0", 6) + time).empty(); }

    TestFolder folder_;
    std::unique_ptr<Processes> processes_ = make_processes(UPREV_SHIM_PATH);
};

TEST_F(CrashTest, ACommandOutlivesItsUprevAndItsResultIsFound) {
    const auto command = shell("sleep 0.6; echo done; exit 6");
    kill_and_wait(uprev_running(command));
    EXPECT_EQ(recorded(command).state, RecordState::running);
    const auto early = processes_->settle(command.record, false, milliseconds(0));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, Code::timeout);
    const auto settled = processes_->settle(command.record, false, milliseconds(5000));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, RecordState::finished);
    EXPECT_EQ(settled->outcome.exit_code, 6);
    EXPECT_EQ(settled->outcome.tail, "done\n");
}

TEST_F(CrashTest, AnotherUprevMayEndIt) {
    const auto command = shell("sleep 51.1 & sleep 51.2");
    kill_and_wait(uprev_running(command));
    const auto settled = processes_->settle(command.record, true, milliseconds(5000));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, RecordState::finished);
    EXPECT_TRUE(settled->outcome.expired);
    EXPECT_FALSE(sleeping("51."));
}

TEST_F(CrashTest, AKilledShimTakesItsChildAlong) {
    const auto command = shell("sleep 52.1 & sleep 52.2; echo never");
    std::thread killer([&] {
        EXPECT_TRUE(eventually([&] { return started(command).has_value() && sleeping("52.2"); }));
        ::kill(started(command)->shim.pid, SIGKILL);
    });
    const auto outcome = processes_->run(command);
    killer.join();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::interrupted);
    EXPECT_EQ(recorded(command).state, RecordState::interrupted);
    EXPECT_FALSE(sleeping("52.")) << "run() sweeps what the shim left behind";
}

TEST_F(CrashTest, WhenUprevAndShimAreKilledSettleSweeps) {
    const auto command = shell("trap '' HUP; sleep 53.1 & sleep 53.2");
    const pid_t uprev = uprev_running(command);
    ASSERT_TRUE(eventually([] { return sleeping("53.1") && sleeping("53.2"); }));
    kill_and_wait(uprev);
    ::kill(started(command)->shim.pid, SIGKILL);
    const auto settled = processes_->settle(command.record, false, milliseconds(5000));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, RecordState::interrupted);
    EXPECT_TRUE(eventually([] { return !sleeping("53."); }));
    const auto again = processes_->settle(command.record, true, milliseconds(0));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->state, RecordState::interrupted);
}

TEST_F(CrashTest, WhatLeftTheSessionOfARunThatCountsIsSweptToo) {
    auto command = shell("setsid sleep 53.3 & sleep 53.4");
    command.durable_result = true;
    const pid_t uprev = uprev_running(command);
    ASSERT_TRUE(eventually([] { return sleeping("53.3") && sleeping("53.4"); }));
    kill_and_wait(uprev);
    ::kill(started(command)->shim.pid, SIGKILL);
    const auto settled = processes_->settle(command.record, false, milliseconds(5000));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, RecordState::interrupted);
    EXPECT_FALSE(sleeping("53."));
}

TEST_F(CrashTest, AShimThatDoesNotAnswerIsEndedToo) {
    const auto command = shell("sleep 54.1");
    const pid_t uprev = uprev_running(command);
    ::kill(started(command)->shim.pid, SIGSTOP);
    kill_and_wait(uprev);
    const auto settled = processes_->settle(command.record, true, milliseconds(200));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, RecordState::interrupted);
    EXPECT_FALSE(sleeping("54."));
}

TEST_F(CrashTest, TerminalSignalsDontReachTheShim) {
    const auto command = shell("sleep 0.5; exit 9");
    const pid_t uprev = uprev_running(command);
    for (const int signal : {SIGINT, SIGHUP, SIGTERM, SIGQUIT, SIGPIPE, SIGTSTP}) ::kill(started(command)->shim.pid, signal);
    ::kill(-::getpgid(uprev), 0);
    kill_and_wait(uprev);
    const auto settled = processes_->settle(command.record, false, milliseconds(5000));
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->outcome.exit_code, 9);
    ProcessIdentity shim = started(command)->shim;
    EXPECT_TRUE(eventually([&] { return !alive(shim); }));
}

TEST_F(CrashTest, TheShimLeadsItsOwnSession) {
    const auto command = shell("sleep 0.3");
    const pid_t uprev = uprev_running(command);
    const int shim = started(command)->shim.pid;
    EXPECT_EQ(::getsid(shim), shim);
    EXPECT_NE(::getpgid(started(command)->child.pid), shim) << "a `kill 0` in the command must not reach the shim";
    ::waitpid(uprev, nullptr, 0);
}

TEST_F(CrashTest, ATornResultReadsAsInterrupted) {
    const auto command = shell("exit 0");
    ASSERT_TRUE(processes_->run(command));
    const auto file = command.record / "result.json";
    const std::string whole = content_of(file);
    ASSERT_GT(whole.size(), 50U);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::ofstream(file, std::ios::trunc) << whole.substr(0, length);
        EXPECT_EQ(recorded(command).state, RecordState::interrupted) << length;
    }
    std::ofstream(file, std::ios::trunc) << whole.substr(0, 20) << std::string(whole.size() - 20, '\0');
    EXPECT_EQ(recorded(command).state, RecordState::interrupted) << "blocks that were never written read as zeros";
    std::filesystem::remove(file);
    EXPECT_EQ(recorded(command).state, RecordState::interrupted);
    std::ofstream(file) << whole;
    EXPECT_EQ(recorded(command).state, RecordState::finished);
}

TEST_F(CrashTest, ATornStartIsAStart) {
    const auto command = shell("exit 0");
    ASSERT_TRUE(processes_->run(command));
    std::filesystem::remove(command.record / "result.json");
    const auto file = command.record / "started.json";
    const std::string whole = content_of(file);
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        std::ofstream(file, std::ios::trunc) << whole.substr(0, length);
        EXPECT_EQ(recorded(command).state, RecordState::interrupted) << length;
    }
}

TEST_F(CrashTest, AResultOfAnotherRunDoesNotCount) {
    const auto command = shell("exit 0");
    ASSERT_TRUE(processes_->run(command));
    const std::string result = content_of(command.record / "result.json");
    ASSERT_TRUE(processes_->run(command));
    std::ofstream(command.record / "result.json", std::ios::trunc) << result;
    EXPECT_EQ(recorded(command).state, RecordState::interrupted);
}

TEST_F(CrashTest, IdentityIsBootNumberAndStart) {
    const auto command = shell("exit 0");
    std::filesystem::create_directories(command.record);
    std::filesystem::permissions(command.record, std::filesystem::perms::owner_all);
    EXPECT_EQ(recorded(command).state, RecordState::none);
    const auto self = *identify(::getpid());
    const auto write = [&](const std::string& boot, std::uint64_t start) {
        const std::string who = std::to_string(self.pid) + ",\"start\":" + std::to_string(start);
        const std::string child = std::to_string(self.pid) + ",\"child_start\":" + std::to_string(start);
        std::ofstream(command.record / "started.json", std::ios::trunc)
            << "{\"boot\":\"" << boot << "\",\"pid\":" << who << ",\"child\":" << child << ",\"keep_stragglers\":false}\n";
    };
    write(self.boot, self.start);
    EXPECT_EQ(recorded(command).state, RecordState::running);
    write(self.boot, self.start + 1);
    EXPECT_EQ(recorded(command).state, RecordState::interrupted) << "the number was given to another process";
    write("00000000-0000-0000-0000-000000000000", self.start);
    EXPECT_EQ(recorded(command).state, RecordState::interrupted) << "the machine was started again";
    ASSERT_TRUE(processes_->settle(command.record, true, milliseconds(100)));
}

TEST_F(CrashTest, WithoutARecordNothingWasStarted) {
    EXPECT_EQ(recorded(shell("exit 0")).state, RecordState::none);
    EXPECT_EQ(processes_->settle(folder_.path() / "none", true, milliseconds(0))->state, RecordState::none);
}

TEST_F(CrashTest, TheShimHoldsTheLockAndItsChildDoesNot) {
    const auto file = folder_.path() / "lock";
    const auto command = shell("sleep 0.7");
    const pid_t uprev = in_background([&] {
        const auto lock = Lock::acquire(file, {::getpid(), "upgrade 1.4.2", "op", 1, "root"}, milliseconds(0));
        ASSERT_TRUE(lock);
        (void)make_processes(UPREV_SHIM_PATH, lock->descriptor())->run(command);
    });
    ASSERT_TRUE(eventually([&] { return started(command).has_value(); }));
    kill_and_wait(uprev);
    const auto held = Lock::acquire(file, {::getpid(), "second", "", 1, ""}, milliseconds(0));
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().code, Code::conflict);
    EXPECT_NE(held.error().message.find("upgrade 1.4.2"), std::string::npos) << held.error().text();
    EXPECT_NE(held.error().message.find("a command that it started still runs"), std::string::npos) << held.error().text();
    EXPECT_TRUE(Lock::acquire(file, {::getpid(), "second", "", 1, ""}, milliseconds(5000)));

    auto daemon = shell("setsid sleep 55.1 & exit 0");
    daemon.record = folder_.path() / "daemon";
    daemon.keep_stragglers = true;
    {
        const auto lock = Lock::acquire(file, {::getpid(), "third", "", 1, ""}, milliseconds(1000));
        ASSERT_TRUE(lock);
        ASSERT_TRUE(make_processes(UPREV_SHIM_PATH, lock->descriptor())->run(daemon));
    }
    ASSERT_TRUE(eventually([] { return sleeping("55.1"); }));
    EXPECT_TRUE(Lock::acquire(file, {::getpid(), "fourth", "", 1, ""}, milliseconds(500))) << "the daemon must not hold it";
    for (const int pid : commands_matching(std::string("sleep\0", 6) + "55.1")) ::kill(pid, SIGKILL);
}

TEST_F(CrashTest, OurOutputEndsWithUsNotWithTheShim) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto command = shell("sleep 1");
    const pid_t uprev = in_background([&] {
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        ::close(ends[0]);
        ::close(ends[1]);
        (void)processes_->run(command);
    });
    ::close(ends[1]);
    ASSERT_TRUE(eventually([&] { return started(command).has_value(); }));
    kill_and_wait(uprev);
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "a pager or a pipe would wait for the command";
    ::close(ends[0]);
    EXPECT_EQ(recorded(command).state, RecordState::running);
    (void)processes_->settle(command.record, true, milliseconds(5000));
}

// With mounts of its own where the machine allows it; else with a folder that may not be written.
TEST_F(CrashTest, ADiskThatTakesNoRecordStartsNothing) {
    apart([&] {
        const auto disk = folder_.path() / "disk";
        const bool small = private_mounts() && mount_small_disk(disk, "size=64k");
        auto command = shell("touch " + (folder_.path() / "ran").string());
        command.record = disk / "run";
        if (small) {
            fill(disk);
        } else {
            std::filesystem::create_directories(disk);
            ::chmod(disk.c_str(), 0500);
        }
        const auto outcome = processes_->run(command);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, small ? Code::exhausted : Code::permission) << outcome.error().text();
        EXPECT_FALSE(std::filesystem::exists(folder_.path() / "ran"));
        EXPECT_EQ(processes_->recorded(command.record)->state, RecordState::none);
        ::chmod(disk.c_str(), 0700);
    });
}

TEST_F(CrashTest, ADiskThatFillsUpMeanwhileDoesNotLoseTheResult) {
    apart([&] {
        const auto disk = folder_.path() / "disk";
        const bool small = private_mounts() && mount_small_disk(disk, "size=64k");
        std::filesystem::create_directories(disk);
        auto command = shell("cat /dev/zero > " + (disk / "big").string() +
                             " 2>/dev/null & sleep 0.2; kill $!; yes | head -c 200000; exit 3");
        if (!small) command = shell("yes | head -c 200000; exit 3");
        command.record = disk / "run";
        command.durable_result = true;
        const auto outcome = processes_->run(command);
        ASSERT_TRUE(outcome) << outcome.error().text();
        EXPECT_EQ(outcome->exit_code, 3);
        const auto recorded = processes_->recorded(command.record);
        ASSERT_TRUE(recorded);
        EXPECT_EQ(recorded->state, RecordState::finished);
        EXPECT_EQ(recorded->outcome.exit_code, 3);
    });
}

}  // namespace
}  // namespace uprev::os
