// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/prober.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/probe/listener_for_tests.hpp"
#include "adapters/probe/probe.hpp"
#include "os/linux.hpp"

namespace uprev {
namespace {

TEST(Stretches, OverlapCountsOnceAndLateReportsAreAdmitted) {
    Stretches all;
    all.begin(100);
    all.begin(120);
    all.end(150);
    all.end(200);
    EXPECT_EQ(100, all.total());
    all.begin(180);  // reported late; up to 200 is counted already
    all.end(250);
    EXPECT_EQ(150, all.total());
    all.begin(400);
    all.begin(390);  // began before the one that was reported first
    all.end(410);
    all.end(410);
    EXPECT_EQ(170, all.total());
}

class ProberTest : public testing::Test {
   protected:
    ProbeSpec spec(TestServer& server, const std::string& name) {
        ProbeSpec one;
        one.name = name;
        one.url = server.url();
        one.json = {{"/version", "9.9.9"}};
        return one;
    }
    void wait(int ms) { clock_.sleep(Millis(ms)); }

    os::SystemClock clock_;
    std::unique_ptr<os::Http> http_ = os::make_http();
    std::unique_ptr<os::Processes> processes_ = os::make_processes("/nonexistent");
    std::unique_ptr<Probe> probe_ = make_probe(*http_, *processes_);
    TestServer a_;
    TestServer b_;
};

TEST_F(ProberTest, CountsAnOutage) {
    Prober prober(*probe_, clock_, {spec(a_, "a"), spec(b_, "b")}, 50);
    prober.start();
    wait(300);
    a_.answer("503 No", "");
    wait(400);
    a_.answer("200 OK", "ok");
    wait(300);
    const auto result = prober.stop();
    ASSERT_EQ(2U, result.probes.size());
    EXPECT_GT(result.requests, 40U);
    EXPECT_GT(result.failed, 5U);
    EXPECT_EQ(result.failed, result.probes[0].failed);
    EXPECT_EQ(0U, result.probes[1].failed);
    EXPECT_NEAR(400, static_cast<double>(result.probes[0].down_ms), 250);
    EXPECT_EQ(result.probes[0].down_ms, result.probes[0].longest_ms);
    EXPECT_EQ(result.probes[0].down_ms, result.total_ms);
    EXPECT_EQ(0, result.probes[1].down_ms);
    EXPECT_EQ(to_json(result), to_json(prober.stop())) << "stopping again changes nothing";
}

TEST_F(ProberTest, AnAskThatHangsCountsWhole) {
    Prober prober(*probe_, clock_, {spec(a_, "a")}, 50);
    a_.hang = true;
    prober.start();
    wait(300);
    const auto began = clock_.steady();
    const auto result = prober.stop();
    EXPECT_LT(clock_.steady() - began, Millis(2'500));
    EXPECT_EQ(1U, result.requests);
    EXPECT_EQ(1U, result.failed);
    EXPECT_GE(result.total_ms, 900);
}

TEST_F(ProberTest, TellsAsJson) {
    Prober prober(*probe_, clock_, {spec(a_, "a")});
    ProbeSpec command;
    command.kind = "command";
    Prober nobody(*probe_, clock_, {command});
    nobody.start();
    prober.start();
    wait(200);
    const auto json = to_json(prober.stop());
    EXPECT_EQ(0, json.at("total_ms"));
    EXPECT_EQ(0, json.at("failed"));
    EXPECT_GT(json.at("requests"), 1);
    EXPECT_EQ("a", json.at("probes").at(0).at("name"));
    EXPECT_EQ(0, json.at("probes").at(0).at("longest_ms"));
    EXPECT_TRUE(nobody.stop().probes.empty()) << "commands are not asked at this rate";
}

}  // namespace
}  // namespace uprev
