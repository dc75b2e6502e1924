// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../../../tests/support/hostile_server.hpp"
#include "adapters/notifier/make_notifier.hpp"
#include "os/linux.hpp"

namespace uprev {
namespace {

using test::HostileServer;
using test::Peer;
using test::SeenRequest;

class NotifierTest : public testing::Test {
   protected:
    NotifierTest() : base(std::filesystem::temp_directory_path() / ("uprev-notifier-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(base);
    }
    ~NotifierTest() override { std::filesystem::remove_all(base); }

    Result<> tell(const NotifierSpec& spec) { return make_notifier(spec, *http, *processes)->tell(report); }
    std::string slurp(const std::string& name) const {
        std::stringstream text;
        text << std::ifstream(base / name).rdbuf();
        return text.str();
    }
    static std::size_t left_behind() {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
            count += entry.path().filename().string().starts_with("uprev-notify-") ? 1 : 0;
        return count;
    }

    std::filesystem::path base;
    Json report = Json::parse(
        R"j({"operation":"op-1","result":"undone","from":"1.4.0","to":"1.5.1","error":{"message":"gate 'storefront' failed; $(id)"}})j");
    std::unique_ptr<os::Http> http = os::make_http();
    std::unique_ptr<os::Processes> processes = os::make_processes(UPREV_SHIM_PATH);
};

TEST_F(NotifierTest, WebhookPostsTheReport) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.answer(204, ""); });
    NotifierSpec spec;
    spec.url = server.url("/hook?x=1");
    const auto told = tell(spec);
    ASSERT_TRUE(told) << told.error().text();
    const auto seen = server.seen();
    ASSERT_EQ(1U, seen.size());
    EXPECT_EQ("POST", seen[0].method);
    EXPECT_EQ("/hook?x=1", seen[0].target);
    EXPECT_EQ("application/json", seen[0].header("content-type"));
    EXPECT_EQ(report, Json::parse(seen[0].body));
}

TEST_F(NotifierTest, OnlyTheResultsThatWereAskedFor) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.answer(200, ""); });
    NotifierSpec spec;
    spec.url = server.url("/");
    spec.on = {"succeeded", "degraded"};
    EXPECT_TRUE(tell(spec));
    EXPECT_TRUE(server.seen().empty());
    spec.on = {"undone"};
    EXPECT_TRUE(tell(spec));
    EXPECT_EQ(1U, server.seen().size());
}

TEST_F(NotifierTest, WebhookFailuresAreTold) {
    for (const int status : {302, 404, 500}) {
        const HostileServer server(
            [status](const SeenRequest&, const Peer& peer) { peer.answer(status, "", "Location: /elsewhere\r\n"); });
        NotifierSpec spec;
        spec.url = server.url("/");
        const auto told = tell(spec);
        ASSERT_FALSE(told) << status;
        EXPECT_NE(std::string::npos, told.error().text().find(std::to_string(status)));
        EXPECT_EQ(1U, server.seen().size()) << "a report is not carried elsewhere";
    }
}

TEST_F(NotifierTest, ASecretAddressIsInNoError) {
    std::ofstream(base / "hook") << "http://127.0.0.1:1/services/canary\n";
    std::filesystem::permissions(base / "hook", std::filesystem::perms::owner_read);
    NotifierSpec spec;
    spec.url = "file:" + (base / "hook").string();
    const auto told = tell(spec);
    ASSERT_FALSE(told);
    EXPECT_EQ(std::string::npos, (told.error().text() + told.error().hint).find("canary")) << told.error().text();
    EXPECT_NE(std::string::npos, told.error().text().find(spec.url));
}

TEST_F(NotifierTest, CommandGetsTheReportOnItsInput) {
    NotifierSpec spec;
    spec.kind = "command";
    spec.command.shell = "cat > '" + (base / "report").string() + "'; env > '" + (base / "env").string() + "'";
    spec.command.env["TOKEN"] = "plain";
    const std::size_t before = left_behind();
    const auto told = tell(spec);
    ASSERT_TRUE(told) << told.error().text();
    EXPECT_EQ(report, Json::parse(slurp("report")));
    const std::string environment = slurp("env");
    for (const char* line :
         {"UPREV_RESULT=undone\n", "UPREV_OPERATION=op-1\n", "UPREV_FROM=1.4.0\n", "UPREV_TO=1.5.1\n", "TOKEN=plain\n"})
        EXPECT_NE(std::string::npos, environment.find(line)) << line;
    EXPECT_EQ(std::string::npos, environment.find("HOME=")) << "a stated environment, not ours";
    EXPECT_EQ(before, left_behind());
}

TEST_F(NotifierTest, CommandFailuresAreTold) {
    NotifierSpec spec;
    spec.kind = "command";
    EXPECT_EQ(Code::invalid, tell(spec).error().code);
    spec.command.argv = {"/bin/sh", "-c", "exit 3"};
    EXPECT_NE(std::string::npos, tell(spec).error().text().find("3"));
    spec.command.argv = {"/no/such/program"};
    EXPECT_FALSE(tell(spec));
    spec.command.argv = {"/bin/sleep", "30"};
    spec.command.limit = Millis(200);
    EXPECT_FALSE(tell(spec));
}

TEST_F(NotifierTest, UnknownKind) {
    NotifierSpec spec;
    spec.kind = "pigeon";
    EXPECT_EQ(Code::invalid, tell(spec).error().code);
}

}  // namespace
}  // namespace uprev
