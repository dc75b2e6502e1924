// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_watch.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

Pm2Worker worker(int id, int pid, const char* status, int restarts, int unstable = 0) {
    Pm2Worker one;
    one.id = id;
    one.name = "api";
    one.pid = pid;
    one.status = status;
    one.restarts = restarts;
    one.unstable = unstable;
    return one;
}

struct Case {
    const char* what;
    Pm2Workers before;
    Pm2Workers now;
    bool dead;
};

TEST(DeathSince, Cases) {
    const Case cases[] = {
        {"nothing happened", {worker(0, 10, "online", 3, 2)}, {worker(0, 10, "online", 3, 2)}, false},
        {"was errored all along", {worker(0, 0, "errored", 3, 2)}, {worker(0, 0, "errored", 3, 2)}, false},
        {"reloaded", {worker(0, 10, "online", 3)}, {worker(0, 20, "online", 4)}, false},
        {"still launching", {worker(0, 10, "online", 3)}, {worker(0, 20, "launching", 4)}, false},
        {"reloaded, then died once", {worker(0, 10, "online", 3)}, {worker(0, 21, "online", 5)}, true},
        {"gave up", {worker(0, 10, "online", 3)}, {worker(0, 0, "errored", 4)}, true},
        {"waits to be started again", {worker(0, 10, "online", 3)}, {worker(0, 0, "waiting restart", 4)}, true},
        {"died young", {worker(0, 10, "online", 3)}, {worker(0, 20, "launching", 4, 1)}, true},
        {"new and well", {}, {worker(1, 10, "online", 0)}, false},
        {"new and died", {}, {worker(1, 10, "online", 1)}, true},
        {"stopped, then started", {worker(0, 0, "stopped", 3)}, {worker(0, 10, "online", 3)}, false},
        {"gone", {worker(0, 10, "online", 3)}, {}, false},
    };
    for (const auto& one : cases) EXPECT_EQ(one.dead, !death_since(one.before, one.now).app.empty()) << one.what;
}

TEST(DeathSince, NamesTheWorker) {
    const auto death = death_since({worker(0, 10, "online", 0), worker(7, 11, "online", 0)},
                                   {worker(0, 10, "online", 0), worker(7, 0, "errored", 1)});
    EXPECT_EQ("api", death.app);
    EXPECT_NE(std::string::npos, death.what.find("worker 7"));
}

}  // namespace
}  // namespace uprev
