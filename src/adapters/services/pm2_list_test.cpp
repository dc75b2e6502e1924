// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_list.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

const std::string row =
    R"({"pid":41,"name":"api","pm_id":3,"monit":{},"pm2_env":{"status":"online","exec_mode":"cluster_mode","pm_cwd":"/o/current",
"pm_exec_path":"/o/current/a.js","exec_interpreter":"node","restart_time":2,"unstable_restarts":1,"kill_timeout":3000,"pm_err_log_path":"/l/e.log",
"NODE_ENV":"production","PATH":"/bin","SECRET":"canary","watch":false,"env":{"SECRET":"canary"}}})";

std::string one_line(std::string text) {
    std::erase(text, '\n');
    return text;
}

TEST(Jlist, PicksTheFields) {
    const auto list = parse_jlist("[" + one_line(row) + "]");
    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(1U, list->size());
    const auto& worker = list->front();
    EXPECT_EQ(3, worker.id);
    EXPECT_EQ("api", worker.name);
    EXPECT_EQ(41, worker.pid);
    EXPECT_EQ("online", worker.status);
    EXPECT_TRUE(worker.cluster);
    EXPECT_EQ("/o/current", worker.cwd);
    EXPECT_EQ("/o/current/a.js", worker.script);
    EXPECT_EQ(2, worker.restarts);
    EXPECT_EQ(1, worker.unstable);
    EXPECT_EQ(3000, worker.kill_timeout);
    EXPECT_EQ("/l/e.log", worker.error_log);
    EXPECT_EQ("production", worker.node_env);
    EXPECT_FALSE(worker.comes_back);
}

TEST(Jlist, CronAndWatchComeBack) {
    for (const auto* field : {R"("cron_restart":"0 3 * * *")", R"("watch":true)", R"("watch":["src"])"}) {
        const auto list = parse_jlist(std::string(R"([{"pid":1,"name":"a","pm_id":0,"pm2_env":{)") + field + "}}]");
        EXPECT_TRUE(list->at(0).comes_back) << field;
    }
    for (const auto* field : {R"("cron_restart":null)", R"("cron_restart":0)", R"("cron_restart":"0")", R"("watch":false)"}) {
        const auto list = parse_jlist(std::string(R"([{"pid":1,"name":"a","pm_id":0,"pm2_env":{)") + field + "}}]");
        EXPECT_FALSE(list->at(0).comes_back) << field;
    }
}

TEST(Jlist, BannersAndWarningsAround) {
    const auto list = one_line(row);
    for (const auto& text :
         {"[PM2] Spawning PM2 daemon\n[PM2] done []?\n[" + list + "]", ">>>> In-memory PM2 is out-of-date [" + list + "]",
          "[" + list + "]\n(node:12) [DEP0040] DeprecationWarning: x\n", "\r\n[" + list + "]\r\n"}) {
        const auto parsed = parse_jlist(text);
        ASSERT_TRUE(parsed.has_value()) << text.substr(0, 40);
        EXPECT_EQ(1U, parsed->size());
    }
    EXPECT_TRUE(parse_jlist("[]")->empty());
    EXPECT_TRUE(parse_jlist("banner\n[]\n")->empty());
}

TEST(Jlist, WhatIsNoListIsUnavailableAndQuotesNothing) {
    for (const auto* text :
         {"", "{}", "[1]", "[{\"name\":\"a\"}]", "canary", "[{\"pid\":1,\"pm2_env\":{\"SECRET\":\"canary\"}"}) {
        const auto parsed = parse_jlist(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(Code::unavailable, parsed.error().code);
        EXPECT_EQ(std::string::npos, parsed.error().text().find("canary"));
    }
}

TEST(Jlist, EveryTruncationIsAListOrUnavailable) {
    const auto text = "[" + one_line(row) + "]";
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(parse_jlist(text.substr(0, length)).has_value()) << length;
}

}  // namespace
}  // namespace uprev
