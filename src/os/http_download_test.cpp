// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <optional>

#include "../../tests/support/hostile_server.hpp"
#include "os/http.hpp"
#include "os/linux.hpp"

namespace uprev::os {
namespace {

using namespace std::chrono_literals;
using test::HostileServer;
using test::Peer;
using test::SeenRequest;

class HttpDownload : public testing::Test {
   protected:
    HttpDownload() : fd(memfd_create("part", MFD_CLOEXEC)) {
        for (std::size_t i = 0; i < 300'000; ++i) content += static_cast<char>('a' + i * i % 23);
    }
    ~HttpDownload() override { close(fd); }

    Download make(const std::string& url) {
        Download download;
        download.request.url = url;
        download.request.limits.allow_plain_http = true;
        download.request.limits.allow_private = true;
        download.request.limits.bytes = 1U << 20U;
        download.fd = fd;
        download.written = [this](const char* data, std::size_t size) { told.append(data, size); };
        download.started = [this](const Downloaded& head) { started = head; };
        return download;
    }
    std::string stored() const {
        std::string text(2U << 20U, '\0');
        const auto got = pread(fd, text.data(), text.size(), 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    void store(const std::string& text) const {
        ASSERT_EQ(static_cast<ssize_t>(text.size()), pwrite(fd, text.data(), text.size(), 0));
    }

    // Serves `content` with ranges, as an honest server does.
    void honest(const SeenRequest& request, const Peer& peer, const std::string& etag) const {
        const std::string range = request.header("range");
        if (range.empty() || request.header("if-range") != etag) return void(peer.answer(200, content, "ETag: " + etag + "\r\n"));
        const auto from = std::stoull(range.substr(6));
        peer.answer(206, content.substr(from),
                    "ETag: " + etag + "\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                        std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) + "\r\n");
    }

    int fd;
    std::string content;
    std::string told;
    std::optional<Downloaded> started;
    std::unique_ptr<Http> http = make_http();
};

TEST_F(HttpDownload, Whole) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v1\""); });
    auto download = make(server.url("/a"));
    download.expected_size = content.size();
    std::uint64_t last = 0;
    download.progress = [&](const DownloadProgress& at) {
        EXPECT_LE(last, at.done);
        EXPECT_EQ(content.size(), at.total);
        last = at.done;
    };
    const auto done = http->download(download);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(content.size(), done->size);
    EXPECT_EQ("\"v1\"", done->validator);
    EXPECT_FALSE(done->resumed);
    EXPECT_TRUE(stored() == content);
    EXPECT_TRUE(told == content);
    EXPECT_EQ(content.size(), last);
    ASSERT_TRUE(started);
    EXPECT_EQ(content.size(), started->size);
}

TEST_F(HttpDownload, ALongerFileBeforeIsCut) {
    store(std::string(500'000, 'z'));
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v1\""); });
    ASSERT_TRUE(http->download(make(server.url("/a"))));
    EXPECT_TRUE(stored() == content);
}

TEST_F(HttpDownload, Resumes) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v1\""); });
    store(content.substr(0, 100'001));
    auto download = make(server.url("/a"));
    download.resume_from = 100'001;
    download.resume_validator = "\"v1\"";
    download.expected_size = content.size();
    const auto done = http->download(download);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_TRUE(done->resumed);
    EXPECT_EQ(content.size(), done->size);
    EXPECT_TRUE(stored() == content);
    EXPECT_TRUE(told == content) << "the part that was there already is told as well";
    EXPECT_EQ("bytes=100001-", server.seen()[0].header("range"));
    EXPECT_EQ("\"v1\"", server.seen()[0].header("if-range"));
}

TEST_F(HttpDownload, ContentThatChangedIsFetchedWhole) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v2\""); });
    store(std::string(100'000, 'z'));
    auto download = make(server.url("/a"));
    download.resume_from = 100'000;
    download.resume_validator = "\"v1\"";
    const auto done = http->download(download);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_FALSE(done->resumed);
    EXPECT_TRUE(stored() == content);
    EXPECT_TRUE(told == content);
}

// A server that ignores If-Range, starts elsewhere, or doesn't say where it starts: never glued together.
TEST_F(HttpDownload, RangesThatLieAreFetchedWhole) {
    const std::string size = std::to_string(content.size());
    for (const std::string& headers :
         {"ETag: \"v2\"\r\nContent-Range: bytes 100000-299999/" + size + "\r\n",
          "ETag: \"v1\"\r\nContent-Range: bytes 5-299999/" + size + "\r\n", std::string("ETag: \"v1\"\r\n"),
          std::string("Content-Range: bytes x-y/z\r\n"), std::string("Content-Range: items 100000-299999/300000\r\n")}) {
        told.clear();
        const HostileServer server([&](const SeenRequest& request, const Peer& peer) {
            if (request.header("range").empty())
                peer.answer(200, content);
            else
                peer.answer(206, content.substr(100'000), headers);
        });
        store(std::string(100'000, 'z'));
        auto download = make(server.url("/a"));
        download.resume_from = 100'000;
        download.resume_validator = "\"v1\"";
        const auto done = http->download(download);
        ASSERT_TRUE(done) << headers << done.error().text();
        EXPECT_TRUE(stored() == content) << headers;
        EXPECT_TRUE(told == content) << headers;
    }
}

TEST_F(HttpDownload, RangeBehindTheEnd) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) {
        if (request.header("range").empty())
            peer.answer(200, content);
        else
            peer.answer(416, "");
    });
    store(std::string(400'000, 'z'));
    auto download = make(server.url("/a"));
    download.resume_from = 400'000;
    download.resume_validator = "\"v1\"";
    ASSERT_TRUE(http->download(download));
    EXPECT_TRUE(stored() == content);
}

TEST_F(HttpDownload, WithoutAValidatorNothingIsResumed) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v1\""); });
    store(content.substr(0, 1000));
    auto download = make(server.url("/a"));
    download.resume_from = 1000;
    ASSERT_TRUE(http->download(download));
    EXPECT_EQ("", server.seen()[0].header("range"));
    EXPECT_TRUE(stored() == content);
}

TEST_F(HttpDownload, WeakTagsAreNoValidators) {
    const HostileServer server([&](const SeenRequest&, const Peer& peer) {
        peer.answer(200, content, "ETag: W/\"v1\"\r\nLast-Modified: Sat, 21 Nov 2026 03:55:00 GMT\r\n");
    });
    const auto done = http->download(make(server.url("/a")));
    ASSERT_TRUE(done);
    EXPECT_EQ("Sat, 21 Nov 2026 03:55:00 GMT", done->validator);
}

TEST_F(HttpDownload, CutShortKeepsWhatCameForTheNextRun) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) {
        if (request.header("range").empty())
            peer.send("HTTP/1.1 200 X\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
                      content.substr(0, 50'000));
        else
            honest(request, peer, "\"v1\"");
    });
    auto download = make(server.url("/a"));
    const auto cut = http->download(download);
    ASSERT_FALSE(cut);
    EXPECT_EQ(Code::unavailable, cut.error().code) << cut.error().text();
    ASSERT_TRUE(started);
    told.clear();
    download.resume_from = stored().size();
    download.resume_validator = started->validator;
    ASSERT_TRUE(http->download(download));
    EXPECT_TRUE(stored() == content);
    EXPECT_TRUE(told == content);
}

TEST_F(HttpDownload, StatusesAreErrors) {
    const std::pair<int, Code> rows[] = {{401, Code::permission},  {403, Code::permission},  {404, Code::not_found},
                                         {410, Code::not_found},   {429, Code::unavailable}, {500, Code::unavailable},
                                         {503, Code::unavailable}, {204, Code::failed},      {304, Code::failed},
                                         {400, Code::failed}};
    for (const auto& [status, code] : rows) {
        const HostileServer server([status = status](const SeenRequest&, const Peer& peer) {
            peer.answer(status, status == 204 || status == 304 ? "" : "error page", "Retry-After: 120\r\n");
        });
        const auto done = http->download(make(server.url("/a")));
        ASSERT_FALSE(done) << status;
        EXPECT_EQ(code, done.error().code) << status;
        EXPECT_NE(std::string::npos, done.error().message.find(std::to_string(status)));
        EXPECT_TRUE(stored().empty()) << "an error page must not land in the file";
    }
}

TEST_F(HttpDownload, APartThatNobodyAskedFor) {
    const HostileServer server(
        [&](const SeenRequest&, const Peer& peer) { peer.answer(206, content, "Content-Range: bytes 0-299999/300000\r\n"); });
    EXPECT_FALSE(http->download(make(server.url("/a"))));
}

TEST_F(HttpDownload, SizesThatDifferFromTheStatedOne) {
    for (const bool says_length : {true, false}) {
        const HostileServer server([&](const SeenRequest&, const Peer& peer) {
            if (says_length)
                peer.answer(200, content);
            else
                peer.send("HTTP/1.1 200 X\r\n\r\n" + content);
        });
        for (const std::uint64_t stated : {content.size() - 1, content.size() + 1}) {
            auto download = make(server.url("/a"));
            download.expected_size = stated;
            const auto done = http->download(download);
            ASSERT_FALSE(done);
            EXPECT_EQ(Code::corrupt, done.error().code) << done.error().text();
        }
    }
}

TEST_F(HttpDownload, EndlessBodyAndHugeLength) {
    const HostileServer endless([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\n\r\n");
        while (peer.send(std::string(65536, 'x'))) {
        }
    });
    const auto done = http->download(make(endless.url("/a")));
    ASSERT_FALSE(done);
    EXPECT_EQ(Code::exhausted, done.error().code);
    EXPECT_LE(stored().size(), 1U << 20U);
    const HostileServer huge([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\nContent-Length: 999999999999\r\n\r\n");
        peer.idle(5s);
    });
    EXPECT_EQ(Code::exhausted, http->download(make(huge.url("/a"))).error().code);
}

TEST_F(HttpDownload, Cancelled) {
    const HostileServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\nstart");
        peer.idle(20s);
    });
    auto download = make(server.url("/a"));
    int polls = 0;
    download.cancelled = [&] { return ++polls > 3; };
    const auto start = std::chrono::steady_clock::now();
    const auto done = http->download(download);
    ASSERT_FALSE(done);
    EXPECT_EQ(Code::interrupted, done.error().code);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_F(HttpDownload, RateLimit) {
    const HostileServer server([&](const SeenRequest& request, const Peer& peer) { honest(request, peer, "\"v1\""); });
    auto download = make(server.url("/a"));
    download.request.limits.rate = 150'000;
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(http->download(download));
    EXPECT_GT(std::chrono::steady_clock::now() - start, 800ms);
}

TEST_F(HttpDownload, ARateBelowTheStallLimitIsNoStall) {
    const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.answer(200, std::string(3000, 'x')); });
    auto download = make(server.url("/a"));
    download.request.limits.rate = 1000;
    download.request.limits.slowest = 4000;
    download.request.limits.stall = 1s;
    const auto done = http->download(download);
    EXPECT_TRUE(done) << done.error().text();
}

TEST_F(HttpDownload, AFullDiskIsNamed) {
    const int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.answer(200, content); });
    auto download = make(server.url("/a"));
    download.fd = full;
    const auto done = http->download(download);
    close(full);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().code == Code::exhausted || done.error().code == Code::failed) << done.error().text();
    EXPECT_FALSE(done.error().message.empty());
}

}  // namespace
}  // namespace uprev::os
