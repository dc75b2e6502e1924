// SPDX-License-Identifier: Apache-2.0
#include "os/lock.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

using std::chrono::milliseconds;

class LockTest : public ::testing::Test {
   protected:
    LockHolder self(const std::string& what) const { return {::getpid(), what, "op-7", 1'795'233'300'000, "operator"}; }
    // Another process that holds the lock until it is killed.
    pid_t holder(const std::string& what) {
        const pid_t pid = in_background([&] {
            const auto lock = Lock::acquire(file_, self(what), milliseconds(0));
            ASSERT_TRUE(lock);
            ::pause();
        });
        EXPECT_TRUE(eventually([&] { return Lock::holder(file_).has_value() && Lock::holder(file_)->pid == pid; }));
        return pid;
    }
    TestFolder folder_;
    Path file_ = folder_.path() / "lock";
};

TEST_F(LockTest, TheSecondIsToldWhoSinceWhenAndWhichPid) {
    const pid_t first = holder("upgrade 1.4.2");
    const auto second = Lock::acquire(file_, self("rollback"), milliseconds(0));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::conflict);
    for (const auto& part : {std::string("upgrade 1.4.2"), "pid " + std::to_string(first), std::string("of operator"),
                             std::string("2026-11-21T03:55:00Z")})
        EXPECT_NE(second.error().message.find(part), std::string::npos) << second.error().message;
    EXPECT_EQ(second.error().message.find("gone"), std::string::npos);
    EXPECT_NE(second.error().hint.find("--wait"), std::string::npos);
    EXPECT_EQ(Lock::holder(file_)->operation, "op-7");
    kill_and_wait(first);
}

TEST_F(LockTest, DiesWithItsOwner) {
    kill_and_wait(holder("upgrade 1.4.2"));
    EXPECT_EQ(Lock::holder(file_).error().code, Code::not_found);
    EXPECT_TRUE(Lock::acquire(file_, self("next"), milliseconds(0)));
}

TEST_F(LockTest, LivesAsLongAsAnyInheritedDescriptor) {
    const pid_t child = [&] {
        const auto lock = Lock::acquire(file_, self("first"), milliseconds(0));
        EXPECT_TRUE(lock);
        return in_background([] { ::pause(); });
    }();
    EXPECT_EQ(Lock::acquire(file_, self("second"), milliseconds(0)).error().code, Code::conflict);
    kill_and_wait(child);
    EXPECT_TRUE(Lock::acquire(file_, self("second"), milliseconds(0)));
}

TEST_F(LockTest, WaitsAndTellsOnWhom) {
    const pid_t first = holder("upgrade 1.4.2");
    std::vector<std::string> told;
    std::thread ending([&] {
        std::this_thread::sleep_for(milliseconds(1300));
        kill_and_wait(first);
    });
    const auto lock =
        Lock::acquire(file_, self("second"), milliseconds(8000), [&](const LockHolder& who) { told.push_back(who.what); });
    ending.join();
    ASSERT_TRUE(lock);
    EXPECT_EQ(told, (std::vector<std::string>{"upgrade 1.4.2", "upgrade 1.4.2"})) << "at once, and each second";
}

TEST_F(LockTest, GivesUpWaitingInTime) {
    const pid_t first = holder("x");
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(Lock::acquire(file_, self("second"), milliseconds(300)).error().code, Code::conflict);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(took, milliseconds(290));  // by another clock
    EXPECT_LT(took, milliseconds(2000));
    kill_and_wait(first);
}

TEST_F(LockTest, OnlyOneOfManyGetsIt) {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> turns{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 10; ++n) {
                const auto lock = Lock::acquire(file_, self("turn"), milliseconds(30'000));
                ASSERT_TRUE(lock) << lock.error().text();
                most = std::max(most.load(), ++inside);
                ++turns;
                --inside;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(turns, 80);
}

TEST_F(LockTest, AskingWhoHoldsItKeepsNobodyOut) {
    std::atomic<bool> stop{false};
    std::thread asking([&] {
        while (!stop) (void)Lock::holder(file_);
    });
    int refused = 0;
    for (int i = 0; i < 200; ++i) refused += Lock::acquire(file_, self("x"), milliseconds(0)) ? 0 : 1;
    stop = true;
    asking.join();
    EXPECT_EQ(refused, 0);
}

TEST_F(LockTest, AFileLeftByADeadMachineIsNoLock) {
    for (const std::string text :
         {"{\"pid\":1,\"boot\":\"00000000-0000-0000-0000-000000000000\",\"start\":5,\"what\":\"upgrade\"}\n",
          "{\"pid\":", "\0\0\0", "garbage", ""}) {
        std::ofstream(file_, std::ios::trunc) << text;
        EXPECT_EQ(Lock::holder(file_).error().code, Code::not_found);
        const auto lock = Lock::acquire(file_, self("next"), milliseconds(0));
        ASSERT_TRUE(lock) << text;
        EXPECT_EQ(Lock::acquire(file_, self("second"), milliseconds(0)).error().code, Code::conflict);
        EXPECT_EQ(Lock::holder(file_)->what, "next");
    }
}

TEST_F(LockTest, DescribeRewritesTheNote) {
    auto lock = Lock::acquire(file_, self("upgrade to a version with a long name"), milliseconds(0));
    ASSERT_TRUE(lock);
    ASSERT_TRUE(lock->describe(self("recover")));
    EXPECT_EQ(Lock::holder(file_)->what, "recover");
    Lock moved = *std::move(lock);
    EXPECT_EQ(Lock::holder(file_)->what, "recover");
}

TEST_F(LockTest, ALockOnAFileThatWasReplacedDoesNotCount) {
    const pid_t first = holder("first");
    std::thread replacing([&] {
        std::this_thread::sleep_for(milliseconds(200));
        std::filesystem::remove(file_);
        kill_and_wait(first);
    });
    const auto lock = Lock::acquire(file_, self("second"), milliseconds(5000));
    replacing.join();
    ASSERT_TRUE(lock);
    struct stat ours {};
    struct stat named {};
    ASSERT_EQ(::fstat(lock->descriptor(), &ours), 0);
    ASSERT_EQ(::stat(file_.c_str(), &named), 0);
    EXPECT_EQ(ours.st_ino, named.st_ino);
}

TEST_F(LockTest, NothingIsLockedThroughASymlinkOrInAnythingButAFile) {
    const auto victim = folder_.put("victim", "precious");
    std::filesystem::create_symlink(victim, file_);
    EXPECT_EQ(Lock::acquire(file_, self("x"), milliseconds(0)).error().code, Code::refused);
    EXPECT_EQ(content_of(victim), "precious");
    std::filesystem::remove(file_);
    ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
    EXPECT_EQ(Lock::acquire(file_, self("x"), milliseconds(0)).error().code, Code::refused);
    EXPECT_EQ(Lock::acquire(folder_.path() / "none/lock", self("x"), milliseconds(0)).error().code, Code::not_found);
    EXPECT_EQ(Lock::holder(folder_.path() / "absent").error().code, Code::not_found);
}

// A disk without room for the note must not look like a lock that is held.
TEST_F(LockTest, AFullDiskIsSaid) {
    apart([&] {
        const auto disk = folder_.path() / "disk";
        if (!private_mounts() || !mount_small_disk(disk, "size=64k")) {
            std::filesystem::create_directories(disk);
            ::chmod(disk.c_str(), 0500);
            EXPECT_EQ(Lock::acquire(disk / "lock", self("x"), milliseconds(0)).error().code, Code::permission);
            ::chmod(disk.c_str(), 0700);
            return;
        }
        fill(disk);
        EXPECT_EQ(Lock::acquire(disk / "lock", self("x"), milliseconds(0)).error().code, Code::exhausted);
        ASSERT_EQ(::mount(nullptr, disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
        EXPECT_EQ(Lock::acquire(disk / "other", self("x"), milliseconds(0)).error().code, Code::permission);
    });
}

}  // namespace
}  // namespace uprev::os
