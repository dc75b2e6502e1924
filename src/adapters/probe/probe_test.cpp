// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/probe.hpp"

#include <gtest/gtest.h>

#include "adapters/probe/listener_for_tests.hpp"
#include "os/clock.hpp"
#include "os/linux.hpp"

namespace uprev {
namespace {

class ProbeTest : public testing::Test {
   protected:
    Answer ask(const ProbeSpec& spec, const std::string& version_pointer = "") { return probe_->ask(spec, version_pointer); }
    ProbeSpec http() {
        ProbeSpec spec;
        spec.url = server_.url();
        spec.timeout = Millis(500);
        return spec;
    }
    std::unique_ptr<os::Http> http_ = os::make_http();
    std::unique_ptr<os::Processes> processes_ = os::make_processes("/nonexistent");
    std::unique_ptr<Probe> probe_ = make_probe(*http_, *processes_, {"", "/", {{"WORD", "given"}}});
    TestServer server_;
};

TEST_F(ProbeTest, HttpAnswers) {
    auto spec = http();
    EXPECT_TRUE(ask(spec).ok);
    EXPECT_EQ("200", ask(spec).seen);
    server_.answer("200 OK", R"({"ok":true,"version":"1.4.2"})");
    spec.json = {{"/ok", "true"}};
    spec.contains = "version";
    const auto answer = ask(spec, "/version");
    EXPECT_TRUE(answer.ok);
    EXPECT_EQ("200, body matched", answer.seen);
    EXPECT_EQ("1.4.2", answer.version);
    spec.json = {{"/version", "1.5.0"}};
    EXPECT_EQ("'/version' is '1.4.2', not '1.5.0'", ask(spec).seen);
    server_.answer("503 No", "{}");
    EXPECT_FALSE(ask(spec).ok);
    EXPECT_EQ("status 503", ask(spec).seen);
    spec = http();
    spec.status = 503;
    EXPECT_TRUE(ask(spec).ok);
}

TEST_F(ProbeTest, ARedirectIsNotFollowed) {
    server_.answer("302 Found", "", "Location: /elsewhere\r\n");
    EXPECT_FALSE(ask(http()).ok);
    EXPECT_EQ(std::string::npos, server_.last_request().find("elsewhere"));
}

TEST_F(ProbeTest, HeadersAreSentAndConnectionsNotKept) {
    auto spec = http();
    spec.headers = {{"X-Word", "hello"}};
    ASSERT_TRUE(ask(spec).ok);
    EXPECT_NE(std::string::npos, server_.last_request().find("X-Word: hello"));
    EXPECT_NE(std::string::npos, server_.last_request().find("Connection: close"));
    spec.headers = {{"X-Word", "env:UPREV_TEST_NO_SUCH_VARIABLE"}};
    EXPECT_FALSE(ask(spec).ok);
}

TEST_F(ProbeTest, AHangingServerIsGivenUp) {
    server_.hang = true;
    os::SystemClock clock;
    const auto began = clock.steady();
    EXPECT_FALSE(ask(http()).ok);
    EXPECT_LT(clock.steady() - began, Millis(2'000));
}

TEST_F(ProbeTest, Tcp) {
    ProbeSpec spec;
    spec.kind = "tcp";
    spec.address = server_.address();
    EXPECT_TRUE(ask(spec).ok) << ask(spec).seen;
    spec.address = "127.0.0.1:1";
    EXPECT_FALSE(ask(spec).ok);
    EXPECT_NE(std::string::npos, ask(spec).seen.find("refused"));
    for (const auto* bad : {"", "localhost", ":80", "localhost:"}) {
        spec.address = bad;
        EXPECT_NE(std::string::npos, ask(spec).seen.find("is not host:port")) << bad;
    }
}

TEST_F(ProbeTest, Command) {
    ProbeSpec spec;
    spec.kind = "command";
    spec.timeout = Millis(5'000);
    spec.command.shell = "echo \"{\\\"version\\\": \\\"1.0.0\\\", \\\"word\\\": \\\"$WORD\\\"}\"";
    spec.json = {{"/word", "given"}};
    const auto answer = ask(spec, "/version");
    EXPECT_TRUE(answer.ok) << answer.seen;
    EXPECT_EQ("1.0.0", answer.version);
    spec.command.shell = "exit 7";
    EXPECT_EQ("exit code 7", ask(spec).seen);
    spec.command.shell.clear();
    spec.command.argv = {"sleep", "30"};
    spec.timeout = Millis(200);
    EXPECT_FALSE(ask(spec).ok);
    spec.kind = "tpc";
    EXPECT_EQ("unknown kind of probe 'tpc'", ask(spec).seen);
}

}  // namespace
}  // namespace uprev
