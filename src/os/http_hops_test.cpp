// SPDX-License-Identifier: Apache-2.0
// Redirects and DNS answers that lead from the public internet into the operator's network, in a network of the test's own.
#include <gtest/gtest.h>

#include <filesystem>

#include "../../tests/support/hostile_server.hpp"
#include "../../tests/support/small_world.hpp"
#include "os/http.hpp"
#include "os/linux.hpp"

namespace uprev::os {
namespace {

using namespace std::chrono_literals;
using test::HostileServer;
using test::Peer;
using test::SeenRequest;

class HttpHops : public testing::Test {
   protected:
    HttpHops() : folder_(std::filesystem::temp_directory_path() / ("uprev-hops-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~HttpHops() override { std::filesystem::remove_all(folder_); }

    static HttpRequest ask(const std::string& url, bool allow_private) {
        HttpRequest request;
        request.url = url;
        request.limits.allow_plain_http = true;
        request.limits.allow_private = allow_private;
        request.limits.total = 10s;
        return request;
    }
    static void expect_refused(const HttpRequest& request, const char* what) {
        const auto answer = make_http()->fetch(request);
        ASSERT_FALSE(answer) << what << ": " << answer->body;
        EXPECT_EQ(Code::refused, answer.error().code) << what << ": " << answer.error().text();
    }

    std::filesystem::path folder_;
};

TEST_F(HttpHops, PublicToPublic) {
    const test::SmallWorld world(folder_);
    world.run([&] {
        world.hosts("11.0.0.1 vendor.example\n11.0.0.2 cdn.example\n");
        const HostileServer cdn([](const SeenRequest&, const Peer& peer) { peer.answer(200, "artifact"); }, "11.0.0.2");
        const HostileServer vendor([&](const SeenRequest&, const Peer& peer) { peer.redirect(cdn.url("/x", "cdn.example")); },
                                   "11.0.0.1");
        const auto answer = make_http()->fetch(ask(vendor.url("/", "vendor.example"), false));
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_EQ("artifact", answer->body);
    });
}

TEST_F(HttpHops, PublicNeverLeadsInside) {
    const test::SmallWorld world(folder_);
    world.run([&] {
        world.hosts("11.0.0.1 vendor.example\n127.0.0.1 inside.example\n");
        const HostileServer inside([](const SeenRequest&, const Peer& peer) { peer.answer(200, "the operator's secret"); });
        for (const bool allow_private : {false, true}) {
            for (const auto& to : {inside.url("/"), inside.url("/", "inside.example"), inside.url("/", "localhost"),
                                   inside.url("/", "0.0.0.0"), std::string("http://169.254.169.254/latest/meta-data/"),
                                   std::string("http://[::1]/"), std::string("http://[fe80::1]/")}) {
                const HostileServer vendor([&](const SeenRequest&, const Peer& peer) { peer.redirect(to); }, "11.0.0.1");
                expect_refused(ask(vendor.url("/", "vendor.example"), allow_private), to.c_str());
            }
        }
        EXPECT_TRUE(inside.seen().empty());
    });
}

TEST_F(HttpHops, InsideToPublicAndBackIsRefusedToo) {
    const test::SmallWorld world(folder_);
    world.run([&] {
        const HostileServer secret([](const SeenRequest&, const Peer& peer) { peer.answer(200, "the operator's secret"); });
        const HostileServer outside([&](const SeenRequest&, const Peer& peer) { peer.redirect(secret.url("/")); }, "11.0.0.1");
        const HostileServer mirror([&](const SeenRequest& request, const Peer& peer) {
            request.target == "/ok" ? peer.redirect(secret.url("/")) : peer.redirect(outside.url("/"));
        });
        EXPECT_TRUE(make_http()->fetch(ask(mirror.url("/ok"), true)));
        expect_refused(ask(mirror.url("/"), true), "inside, outside, inside");
        EXPECT_EQ(1U, secret.seen().size());
    });
}

// The name answers with a public address first and with loopback afterwards: checking names once would not do.
TEST_F(HttpHops, DnsThatChangesItsAnswer) {
    const test::SmallWorld world(folder_);
    world.run([&] {
        world.hosts("11.0.0.1 rebind.example\n");
        std::string next;
        const HostileServer vendor(
            [&](const SeenRequest&, const Peer& peer) {
                world.hosts("127.0.0.1 rebind.example\n");
                peer.redirect(next);
            },
            "11.0.0.1");
        const HostileServer inside([](const SeenRequest&, const Peer& peer) { peer.answer(200, "the operator's secret"); },
                                   "127.0.0.1", nullptr, vendor.port());
        next = vendor.url("/again", "rebind.example");
        expect_refused(ask(vendor.url("/", "rebind.example"), false), "rebinding");
        EXPECT_EQ(1U, vendor.seen().size());
        EXPECT_TRUE(inside.seen().empty());
    });
}

TEST_F(HttpHops, FromANameToABareAddress) {
    const test::SmallWorld world(folder_);
    world.run([&] {
        world.hosts("11.0.0.1 vendor.example\n");
        const HostileServer bare([](const SeenRequest&, const Peer& peer) { peer.answer(200, "x"); }, "11.0.0.2");
        const HostileServer vendor([&](const SeenRequest&, const Peer& peer) { peer.redirect(bare.url("/")); }, "11.0.0.1");
        expect_refused(ask(vendor.url("/", "vendor.example"), false), "bare address");
        EXPECT_TRUE(bare.seen().empty());
    });
}

}  // namespace
}  // namespace uprev::os
