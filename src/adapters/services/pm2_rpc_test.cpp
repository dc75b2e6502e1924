// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_rpc.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

namespace uprev {
namespace {

std::string message(const std::string& json, const std::string& id = "s:uprev:0") {
    std::string out("\x12");
    for (const auto& part : {json, id}) {
        const auto size = static_cast<std::uint32_t>(part.size());
        for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xffU);
        out += part;
    }
    return out;
}

TEST(Pm2Rpc, AsksAsPm2Does) {
    const auto question = pm2_question("getMonitorData");
    EXPECT_EQ('\x12', question[0]);
    EXPECT_NE(std::string::npos, question.find(R"("method":"getMonitorData")"));
    EXPECT_NE(std::string::npos, question.find("j:{"));
    EXPECT_TRUE(question.ends_with(std::string("\0\0\0\x09s:uprev:0", 13)));
}

TEST(Pm2Rpc, TakesTheFirstArgument) {
    const auto answer = pm2_answer(message(R"(j:{"args":[[{"name":"api"}]]})"));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ("api", answer->at(0).at("name"));
}

TEST(Pm2Rpc, RefusesWhatItDoesNotKnow) {
    for (const auto& bytes : {std::string(), std::string("\x22"), std::string("\x12"), message(R"(j:{"args":[]})"),
                              message("j:[]"), message("s:x"), message("j:{"), message(R"(j:{"error":"no"})"),
                              message(R"(j:{"args":[[]]})", "s:other"), std::string("\x12\xff\xff\xff\xff", 5)}) {
        const auto answer = pm2_answer(bytes);
        ASSERT_FALSE(answer.has_value()) << bytes;
        EXPECT_EQ(Code::unavailable, answer.error().code);
    }
}

TEST(Pm2Rpc, AnAnswerCutAnywhereIsNone) {
    const auto whole = message(R"(j:{"args":[[]]})");
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(pm2_answer(whole.substr(0, size)).has_value()) << size;
}

// A daemon that sends `reply` byte by byte and then closes, or says nothing.
class Daemon {
   public:
    explicit Daemon(std::string reply)
        : path_(std::filesystem::path(testing::TempDir()) / ("rpc" + std::to_string(getpid()) + ".sock")) {
        std::filesystem::remove(path_);
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::strncpy(at.sun_path, path_.c_str(), sizeof at.sun_path - 1);
        listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(0, bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at));
        EXPECT_EQ(0, listen(listener_, 1));
        thread_ = std::thread([this, reply = std::move(reply)] {
            const int fd = accept(listener_, nullptr, nullptr);
            char question[4096];
            EXPECT_GT(recv(fd, question, sizeof question, 0), 0);
            for (const char byte : reply) EXPECT_EQ(1, ::send(fd, &byte, 1, MSG_NOSIGNAL));
            if (reply.empty()) (void)recv(fd, question, sizeof question, 0);
            close(fd);
        });
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() {
        thread_.join();
        close(listener_);
        std::filesystem::remove(path_);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

   private:
    std::filesystem::path path_;
    int listener_ = -1;
    std::thread thread_;
};

TEST(Pm2Rpc, PutsAnAnswerTogether) {
    const Daemon daemon(message(R"(j:{"args":[[1,2]]})"));
    const auto answer = pm2_ask(daemon.path(), "getMonitorData", Millis(5000));
    ASSERT_TRUE(answer.has_value()) << answer.error().text();
    EXPECT_EQ(Json({1, 2}), *answer);
}

TEST(Pm2Rpc, ADaemonThatClosesIsUnavailable) {
    const Daemon daemon(message(R"(j:{"args":[[1,2]]})").substr(0, 9));
    EXPECT_EQ(Code::unavailable, pm2_ask(daemon.path(), "getMonitorData", Millis(5000)).error().code);
}

TEST(Pm2Rpc, ASilentDaemonIsATimeout) {
    const Daemon daemon("");
    EXPECT_EQ(Code::timeout, pm2_ask(daemon.path(), "getMonitorData", Millis(50)).error().code);
}

TEST(Pm2Rpc, NoDaemon) {
    EXPECT_EQ(Code::unavailable, pm2_ask("/nonexistent/rpc.sock", "getMonitorData", Millis(50)).error().code);
}

}  // namespace
}  // namespace uprev
