// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "../../tests/support/hostile_server.hpp"
#include "os/http.hpp"
#include "os/linux.hpp"

namespace uprev::os {
namespace {

using namespace std::chrono_literals;
using test::Authority;
using test::Certificate;
using test::HostileServer;
using test::Peer;
using test::SeenRequest;

HttpRequest ask(const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.limits.allow_plain_http = true;
    request.limits.allow_private = true;
    request.limits.total = 20s;
    return request;
}

class HttpFetch : public testing::Test {
   protected:
    std::unique_ptr<Http> http = make_http();

    Code code_of(const HttpRequest& request) {
        const auto answer = http->fetch(request);
        if (answer)
            ADD_FAILURE() << "answered " << answer->status;
        else
            EXPECT_FALSE(answer.error().message.empty());
        return answer ? Code::bug : answer.error().code;
    }
};

TEST_F(HttpFetch, AnyStatusIsAnAnswer) {
    const HostileServer server(
        [](const SeenRequest&, const Peer& peer) { peer.answer(418, "short and stout", "X-Pot: tea\r\n"); });
    const auto answer = http->fetch(ask(server.url("/pot?x=1")));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(418, answer->status);
    EXPECT_EQ("short and stout", answer->body);
    EXPECT_EQ("tea", answer->headers.at("x-pot"));
    ASSERT_EQ(1U, server.seen().size());
    EXPECT_EQ("/pot?x=1", server.seen()[0].target);
    EXPECT_EQ("", server.seen()[0].header("accept-encoding")) << "compression must not be asked for";
}

TEST_F(HttpFetch, PostsABodyAndDoesNotFollow) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.redirect("/elsewhere", 307); });
    HttpRequest request = ask(server.url("/hook"));
    request.method = "POST";
    request.body = R"({"a":1})";
    request.headers["Content-Type"] = "application/json";
    const auto answer = http->fetch(request);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(307, answer->status);
    ASSERT_EQ(1U, server.seen().size());
    EXPECT_EQ(request.body, server.seen()[0].body);
    EXPECT_EQ("application/json", server.seen()[0].header("content-type"));
}

TEST_F(HttpFetch, LoopbackNeedsPermission) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.answer(200, "secret"); });
    HttpRequest request = ask(server.url("/"));
    request.limits.allow_private = false;
    const auto answer = http->fetch(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::refused, answer.error().code);
    EXPECT_NE(std::string::npos, answer.error().message.find("127.0.0.1")) << answer.error().text();
    EXPECT_TRUE(server.seen().empty());
    // By name as well: what counts is where the socket goes.
    request.url = "http://localhost:" + std::to_string(server.port()) + "/";
    EXPECT_EQ(Code::refused, code_of(request));
    EXPECT_TRUE(server.seen().empty());
}

TEST_F(HttpFetch, EnvironmentProxiesAreIgnored) {
    const HostileServer proxy([](const SeenRequest&, const Peer& peer) { peer.answer(200, "from the proxy"); });
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.answer(200, "from the server"); });
    ::setenv("http_proxy", proxy.url("").c_str(), 1);
    const auto answer = http->fetch(ask(server.url("/")));
    ::unsetenv("http_proxy");
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ("from the server", answer->body);
}

TEST_F(HttpFetch, TheStatedProxyIsUsed) {
    const HostileServer proxy([](const SeenRequest&, const Peer& peer) { peer.answer(200, "from the proxy"); });
    HttpRequest request = ask("http://vendor.example/feed.json");
    request.limits.proxy = proxy.url("");
    const auto answer = http->fetch(request);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ("from the proxy", answer->body);
}

TEST_F(HttpFetch, RedirectsAreFollowedToTheirEnd) {
    const HostileServer server([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/a")
            peer.redirect("b?x=2", 301);
        else if (request.target == "/b?x=2")
            peer.redirect("/c", 308);
        else
            peer.answer(200, request.target);
    });
    HttpRequest request = ask(server.url("/a"));
    request.headers["Authorization"] = "Bearer t";
    const auto answer = http->fetch(request);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ("/c", answer->body);
    EXPECT_EQ(server.url("/c"), answer->final_url);
    for (const auto& seen : server.seen()) EXPECT_EQ("Bearer t", seen.header("authorization")) << seen.target;
}

TEST_F(HttpFetch, CredentialsStayAtHome) {
    const HostileServer other([](const SeenRequest&, const Peer& peer) { peer.answer(200, "other"); });
    const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.redirect(other.url("/x")); });
    HttpRequest request = ask(server.url("/a"));
    request.headers = {
        {"Authorization", "Bearer canary"}, {"cookie", "canary"}, {"Private-Token", "canary"}, {"Accept", "text/plain"}};
    const auto answer = http->fetch(request);
    ASSERT_TRUE(answer) << answer.error().text();
    const auto seen = other.seen();
    ASSERT_EQ(1U, seen.size());
    EXPECT_EQ("text/plain", seen[0].header("accept"));
    for (const auto& [name, value] : seen[0].headers) EXPECT_EQ(std::string::npos, value.find("canary")) << name;
    EXPECT_EQ("Bearer canary", server.seen()[0].header("authorization"));
}

TEST_F(HttpFetch, CredentialsDoNotComeBack) {
    // A -> B -> A: what was dropped on the way out isn't sent on the way home, where B chose the address.
    std::string home;
    const HostileServer other([&](const SeenRequest&, const Peer& peer) { peer.redirect(home + "/chosen"); });
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) {
        request.target == "/a" ? peer.redirect(other.url("/")) : peer.answer(200, "x");
    });
    home = server.url("");
    HttpRequest request = ask(server.url("/a"));
    request.headers = {{"Authorization", "Bearer canary"}};
    ASSERT_TRUE(http->fetch(request));
    ASSERT_EQ(2U, server.seen().size());
    EXPECT_EQ("", server.seen()[1].header("authorization"));
}

TEST_F(HttpFetch, TooManyRedirects) {
    const HostileServer server([](const SeenRequest& request, const Peer& peer) { peer.redirect(request.target + "x"); });
    EXPECT_EQ(Code::refused, code_of(ask(server.url("/a"))));
    EXPECT_EQ(6U, server.seen().size());
}

TEST_F(HttpFetch, RedirectsToOtherPlacesAreRefused) {
    for (const char* to : {"file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "dict://127.0.0.1/",
                           "http://user:pw@127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://017700000001/",
                           "http://[::ffff:127.0.0.1]/", "//2130706433/", "http://127.1/"}) {
        const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.redirect(to); });
        const auto answer = http->fetch(ask(server.url("/a")));
        ASSERT_FALSE(answer) << to;
        EXPECT_EQ(Code::refused, answer.error().code) << to << ": " << answer.error().text();
        EXPECT_EQ(1U, server.seen().size()) << to;
    }
}

TEST_F(HttpFetch, ARedirectWithABodyThatNeverEnds) {
    const HostileServer server([](const SeenRequest& request, const Peer& peer) {
        if (request.target != "/a") return void(peer.answer(200, "there"));
        peer.send("HTTP/1.1 302 X\r\nLocation: /b\r\n\r\n");
        while (peer.send(std::string(65536, 'x'))) {
        }
    });
    const auto answer = http->fetch(ask(server.url("/a")));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ("there", answer->body);
}

TEST_F(HttpFetch, EndlessBody) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n\r\n");
        while (peer.send(std::string(65536, 'x'))) {
        }
    });
    HttpRequest request = ask(server.url("/"));
    request.limits.bytes = 1U << 20U;
    EXPECT_EQ(Code::exhausted, code_of(request));
}

TEST_F(HttpFetch, BodyOfExactlyTheLimitIsFineOneMoreIsNot) {
    const HostileServer server([](const SeenRequest& request, const Peer& peer) {
        peer.answer(200, std::string(request.target == "/fits" ? 1000 : 1001, 'x'));
    });
    HttpRequest request = ask(server.url("/fits"));
    request.limits.bytes = 1000;
    EXPECT_TRUE(http->fetch(request));
    request.url = server.url("/over");
    EXPECT_EQ(Code::exhausted, code_of(request));
}

TEST_F(HttpFetch, HugeStatedLength) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n");
        peer.idle(10s);
    });
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Code::exhausted, code_of([&] {
                  HttpRequest request = ask(server.url("/"));
                  request.limits.stall = 2s;
                  return request;
              }()));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 8s);
}

TEST_F(HttpFetch, ShorterThanStated) {
    const HostileServer server(
        [](const SeenRequest&, const Peer& peer) { peer.send("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nonly this"); });
    EXPECT_EQ(Code::unavailable, code_of(ask(server.url("/"))));
}

TEST_F(HttpFetch, CompressedUnasked) {
    const HostileServer server(
        [](const SeenRequest&, const Peer& peer) { peer.answer(200, "\x1f\x8b bomb", "Content-Encoding: gzip\r\n"); });
    EXPECT_EQ(Code::corrupt, code_of(ask(server.url("/"))));
}

TEST_F(HttpFetch, HeaderFloods) {
    const HostileServer many([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n");
        for (int i = 0; i < 10000 && peer.send("X-" + std::to_string(i) + ": y\r\n"); ++i) {
        }
    });
    EXPECT_EQ(Code::refused, code_of(ask(many.url("/"))));
    const HostileServer endless([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n");
        while (peer.send("X-Y: " + std::string(8000, 'z') + "\r\n")) {
        }
    });
    EXPECT_EQ(Code::refused, code_of(ask(endless.url("/"))));
}

TEST_F(HttpFetch, NotHttpAtAll) {
    for (const char* text : {"SSH-2.0-OpenSSH\r\n", "", "\x16\x03\x01", "HTTP/9.9 nonsense"}) {
        const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.send(text); });
        EXPECT_EQ(Code::unavailable, code_of(ask(server.url("/")))) << text;
    }
}

TEST_F(HttpFetch, Stalled) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.idle(20s); });
    HttpRequest request = ask(server.url("/"));
    request.limits.stall = 1s;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Code::timeout, code_of(request));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST_F(HttpFetch, DripFeed) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n\r\n");
        while (peer.send("x")) peer.idle(50ms);
    });
    HttpRequest request = ask(server.url("/"));
    request.limits.stall = 1s;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Code::timeout, code_of(request));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(HttpFetch, DrippingHeaders) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\nX-Slow: ");
        while (peer.send("y")) peer.idle(50ms);
    });
    HttpRequest request = ask(server.url("/"));
    request.limits.stall = 1s;
    EXPECT_EQ(Code::timeout, code_of(request));
}

TEST_F(HttpFetch, TotalLimitHoldsEvenWhileBytesFlow) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n\r\n");
        while (peer.send(std::string(4096, 'x'))) peer.idle(20ms);
    });
    HttpRequest request = ask(server.url("/"));
    request.limits.total = 700ms;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Code::timeout, code_of(request));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_F(HttpFetch, NobodyListens) {
    int port = 0;
    {
        const HostileServer gone([](const SeenRequest&, const Peer&) {});
        port = gone.port();
    }
    EXPECT_EQ(Code::unavailable, code_of(ask("http://127.0.0.1:" + std::to_string(port) + "/")));
}

TEST_F(HttpFetch, UnknownHostIsNamed) {
    const auto answer = http->fetch(ask("http://no-such-host.invalid/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::unavailable, answer.error().code);
    EXPECT_NE(std::string::npos, answer.error().message.find("no-such-host.invalid"));
}

TEST_F(HttpFetch, HeadersCannotBeSmuggledIn) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) { peer.answer(200, ""); });
    HttpRequest request = ask(server.url("/"));
    request.headers = {{"X-Token", "a\r\nX-Evil: canary"}};
    const auto answer = http->fetch(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::invalid, answer.error().code);
    EXPECT_EQ(std::string::npos, answer.error().text().find("canary"));
    request.headers = {{"X Evil", "a"}};
    EXPECT_EQ(Code::invalid, code_of(request));
    EXPECT_TRUE(server.seen().empty());
}

TEST_F(HttpFetch, QueriesAndHeadersAreInNoError) {
    const HostileServer server(
        [](const SeenRequest&, const Peer& peer) { peer.send("HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nx"); });
    HttpRequest request = ask(server.url("/a?token=canary"));
    request.headers["Authorization"] = "canary";
    for (int i = 0; i < 2; ++i) {
        const auto answer = http->fetch(request);
        ASSERT_FALSE(answer);
        EXPECT_EQ(std::string::npos, (answer.error().text() + answer.error().hint).find("canary")) << answer.error().text();
        request.url = "http://127.0.0.1:1/a?token=canary";
    }
}

class HttpTls : public HttpFetch {
   protected:
    HttpTls() : folder_(std::filesystem::temp_directory_path() / ("uprev-tls-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~HttpTls() override { std::filesystem::remove_all(folder_); }
    HttpRequest trusting(const std::string& url, const Authority& authority) const {
        HttpRequest request = ask(url);
        request.limits.allow_plain_http = false;
        request.limits.ca_file = authority.file();
        return request;
    }
    std::filesystem::path folder_;
    HostileServer::Handler hello = [](const SeenRequest&, const Peer& peer) { peer.answer(200, "hello"); };
};

TEST_F(HttpTls, TheNamedAuthorityIsTrusted) {
    const Authority authority(folder_ / "ca.pem");
    const Certificate certificate = authority.issue("IP:127.0.0.1");
    const HostileServer server(hello, "127.0.0.1", &certificate);
    const auto answer = http->fetch(trusting(server.url("/"), authority));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ("hello", answer->body);
}

TEST_F(HttpTls, OtherAuthoritiesNamesAndTimesAreNot) {
    const Authority authority(folder_ / "ca.pem");
    const Authority stranger(folder_ / "stranger.pem");
    const Certificate foreign = stranger.issue("IP:127.0.0.1");
    const Certificate misnamed = authority.issue("DNS:vendor.example");
    const Certificate expired = authority.issue("IP:127.0.0.1", -3600);
    for (const Certificate* certificate : {&foreign, &misnamed, &expired}) {
        const HostileServer server(hello, "127.0.0.1", certificate);
        const auto answer = http->fetch(trusting(server.url("/"), authority));
        ASSERT_FALSE(answer);
        EXPECT_EQ(Code::untrusted, answer.error().code) << answer.error().text();
        EXPECT_TRUE(server.seen().empty());
    }
}

TEST_F(HttpTls, TheSystemsAuthoritiesAreNotOurs) {
    const Authority authority(folder_ / "ca.pem");
    const Certificate certificate = authority.issue("IP:127.0.0.1");
    const HostileServer server(hello, "127.0.0.1", &certificate);
    HttpRequest request = trusting(server.url("/"), authority);
    request.limits.ca_file.clear();
    EXPECT_EQ(Code::untrusted, code_of(request));
    request.limits.ca_file = folder_ / "missing.pem";
    EXPECT_EQ(Code::invalid, code_of(request));
}

TEST_F(HttpTls, HttpsNeverFallsBackToHttp) {
    const Authority authority(folder_ / "ca.pem");
    const Certificate certificate = authority.issue("IP:127.0.0.1");
    const HostileServer plain(hello);
    const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.redirect(plain.url("/")); }, "127.0.0.1",
                               &certificate);
    HttpRequest request = trusting(server.url("/"), authority);
    EXPECT_EQ(Code::refused, code_of(request));
    request.limits.allow_plain_http = true;  // even where plain http is spoken
    EXPECT_EQ(Code::refused, code_of(request));
    EXPECT_TRUE(plain.seen().empty());
}

}  // namespace
}  // namespace uprev::os
