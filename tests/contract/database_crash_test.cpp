// SPDX-License-Identifier: Apache-2.0
// Every verb is cut off by SIGKILL at arbitrary moments; calling it again finishes it, and nothing that was acknowledged is lost.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "database_worlds.hpp"

namespace uprev::tests {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int cuts = 30;

class DatabaseCrash : public testing::TestWithParam<Adapter> {
   protected:
    using Verb = std::function<bool(Database&)>;

    pid_t in_child(const Verb& verb) {
        const pid_t pid = fork();
        if (pid != 0) return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const auto database = world->database();
        _exit(verb(*database) ? 0 : 1);
    }
    std::chrono::microseconds duration(const Verb& verb) {
        const auto began = Clock::now();
        int status = 0;
        waitpid(in_child(verb), &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the verb fails even when nobody cuts it off";
        return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    }
    // Returns whether it was cut off before it had ended.
    bool cut(const Verb& verb, std::chrono::microseconds after) {
        const pid_t pid = in_child(verb);
        std::this_thread::sleep_for(after);
        kill(pid, SIGKILL);
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFSIGNALED(status);
    }
    std::chrono::microseconds somewhere(std::chrono::microseconds within) {
        return std::chrono::microseconds(std::uniform_int_distribution<long>(0, within.count())(dice));
    }

    std::unique_ptr<DatabaseWorld> world = make_world(GetParam());
    std::mt19937 dice{20261121};
};

TEST_P(DatabaseCrash, ASnapshotCutOffIsTakenAgain) {
    world->fill(500);
    const Verb verb = [&](Database& database) { return database.snapshot(world->snapshots(), "m1", true).has_value(); };
    const auto whole = duration(verb);
    int interrupted = 0;
    for (int i = 0; i < cuts; ++i) interrupted += cut(verb, somewhere(whole)) ? 1 : 0;
    EXPECT_GT(interrupted, cuts / 3);
    const auto snapshot = world->database()->snapshot(world->snapshots(), "m1", false);
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    EXPECT_TRUE(snapshot->proven) << snapshot->proof;
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
    EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "500");
}

// The operation goes back instead of taking it again: it never learned what the snapshot was to be called.
TEST_P(DatabaseCrash, ASnapshotCutOffAndNotTakenAgainLeavesNoCopy) {
    world->fill(500);
    const Verb verb = [&](Database& database) { return database.snapshot(world->snapshots(), "m1", true).has_value(); };
    const auto whole = duration(verb);
    const auto kept = world->database()->snapshot(world->snapshots(), "kept", true);
    ASSERT_TRUE(kept) << kept.error().text();
    const auto finished = world->leftovers();
    for (int i = 0; i < cuts / 3; ++i) {
        cut([&](Database& database) { return database.snapshot(world->snapshots() / "cut", "m2", false).has_value(); },
            somewhere(whole));
        Snapshot unknown;
        unknown.database = "main";
        const auto done = i % 2 ? world->database()->forget(unknown, false) : world->database()->unfence("m2");
        ASSERT_TRUE(done) << done.error().text();
        auto left = world->leftovers();
        std::erase(left, "cut");
        EXPECT_EQ(left, finished);
    }
    ASSERT_TRUE(world->database()->forget(*kept, false));
}

TEST_P(DatabaseCrash, ARestoreCutOffLeavesTheOldOrTheNewAndIsFinished) {
    world->fill(500);
    const auto snapshot = world->database()->snapshot(world->snapshots(), "m0", false);
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    const auto whole = duration([&](Database& database) { return database.restore(*snapshot, "timing").has_value(); });
    int interrupted = 0;
    for (int i = 0; i < cuts; ++i) {
        const std::string mark = "m" + std::to_string(i + 1);
        world->must("DELETE FROM orders WHERE id > " + std::to_string(100 + i));
        interrupted +=
            cut([&](Database& database) { return database.restore(*snapshot, mark).has_value(); }, somewhere(whole)) ? 1 : 0;
        const auto between = world->get("SELECT count(*) FROM orders");
        EXPECT_TRUE(between == "500" || between == std::to_string(100 + i)) << mark << ": neither old nor new: " << between;
        const auto done = world->database()->restore(*snapshot, mark);
        ASSERT_TRUE(done) << mark << ": " << done.error().text();
        EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "500") << mark;
        EXPECT_EQ(world->get_in_failed(mark, "SELECT count(*) FROM orders"), std::to_string(100 + i)) << mark;
        EXPECT_TRUE(world->leftovers().empty()) << mark << testing::PrintToString(world->leftovers());
    }
    EXPECT_GT(interrupted, cuts / 3);
}

TEST_P(DatabaseCrash, AFenceCutOffIsPutUpOrTakenAwayAgain) {
    world->fill(500);
    const Verb up = [](Database& database) { return database.fence("m1").has_value(); };
    const Verb down = [](Database& database) { return database.unfence("m1").has_value(); };
    const auto up_time = duration(up);
    const auto down_time = duration(down);
    int interrupted = 0;
    for (int i = 0; i < cuts; ++i) {
        interrupted += cut(up, somewhere(up_time)) ? 1 : 0;
        const auto fence = world->database()->fence("m1");
        ASSERT_TRUE(fence) << fence.error().text();
        EXPECT_EQ(world->get_at(*fence, "SELECT count(*) FROM orders"), "500");
        interrupted += cut(down, somewhere(down_time)) ? 1 : 0;
        const auto gone = world->database()->unfence("m1");
        ASSERT_TRUE(gone) << gone.error().text();
        EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "500");
    }
    EXPECT_GT(interrupted, cuts / 3);
}

INSTANTIATE_TEST_SUITE_P(Adapters, DatabaseCrash, testing::Values(Adapter::postgresql, Adapter::sqlite),
                         [](const auto& which) { return which.param == Adapter::postgresql ? "Postgresql" : "Sqlite"; });

}  // namespace
}  // namespace uprev::tests
