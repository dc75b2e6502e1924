// SPDX-License-Identifier: Apache-2.0
#include "adapters/source/feed_source.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../../../tests/support/hostile_server.hpp"
#include "os/linux.hpp"
#include "release/digest.hpp"

namespace uprev {
namespace {

using test::HostileServer;
using test::Peer;
using test::SeenRequest;

std::string slurp(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class FeedSourceTest : public testing::Test {
   protected:
    FeedSourceTest() : base(std::filesystem::temp_directory_path() / ("uprev-feed-" + std::to_string(getpid()))) {
        std::filesystem::remove_all(base);
        std::filesystem::create_directories(base / "artifacts");
        std::filesystem::create_directories(base / "feed");
        for (int i = 0; i < 200'000; ++i) artifact += static_cast<char>('a' + i * 7 % 26);
        site.source.feed.allow_plain_http = true;
        site.source.feed.allow_private_addresses = true;
    }
    ~FeedSourceTest() override { std::filesystem::remove_all(base); }

    // Serves what `files` holds, with ranges.
    HostileServer::Handler files_handler() {
        return [this](const SeenRequest& request, const Peer& peer) {
            const auto file = files.find(request.target);
            if (file == files.end()) return void(peer.answer(404, "no such page"));
            const std::string tag = "ETag: \"" + sha256(file->second).hex.substr(0, 8) + "\"\r\n";
            const std::string range = request.header("range");
            if (request.method == "HEAD")
                return void(peer.send("HTTP/1.1 200 X\r\n" + tag + "Content-Length: " + std::to_string(file->second.size()) +
                                      "\r\n\r\n"));
            if (range.empty() || "ETag: " + request.header("if-range") + "\r\n" != tag)
                return void(peer.answer(200, file->second, tag));
            const auto from = std::stoull(range.substr(6));
            peer.answer(206, file->second.substr(from),
                        tag + "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(file->second.size() - 1) +
                            "/" + std::to_string(file->second.size()) + "\r\n");
        };
    }
    std::unique_ptr<Source> source() { return make_feed_source(site, *http); }
    FeedRelease release(const std::string& url, bool stated = true) const {
        FeedRelease out;
        out.version = *Version::parse("1.4.2");
        out.artifact.url = url;
        if (stated) {
            out.artifact.size = artifact.size();
            out.artifact.sha256 = sha256(artifact).hex;
        }
        return out;
    }
    Result<FetchedRelease> fetch(const FeedRelease& what, const FetchWatch& watch = {}) {
        return source()->fetch(what, base / "artifacts", watch);
    }

    std::filesystem::path base;
    std::string artifact;
    std::map<std::string, std::string> files;
    SiteFile site;
    std::unique_ptr<os::Http> http = os::make_http();
};

TEST_F(FeedSourceTest, SimpleFeedIsCompletedFromTemplates) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/api/latest");
    site.source.feed.artifact = server.url("/dl/app-${version}.tar.xz");
    site.source.feed.signature = "${artifact}.minisig";
    site.source.feed.release_file = "/dl/app-${version}.yaml";
    files["/api/latest"] = R"({"latest":"1.4.2","current":"1.4.0","changelog":"https://vendor.example/c","breaking":false})";
    files["/dl/app-1.4.2.tar.xz"] = artifact;
    files["/dl/app-1.4.2.tar.xz.minisig"] = "signature text";
    files["/dl/app-1.4.2.yaml"] = "version: 1.4.2\n";
    files["/dl/app-1.4.2.yaml.minisig"] = "its signature";
    const auto feed = source()->list();
    ASSERT_TRUE(feed) << feed.error().text();
    ASSERT_TRUE(feed->simple);
    const auto resolved = source()->resolve(feed->releases[0]);
    ASSERT_TRUE(resolved) << resolved.error().text();
    EXPECT_EQ(server.url("/dl/app-1.4.2.tar.xz"), resolved->artifact.url);
    EXPECT_EQ(server.url("/dl/app-1.4.2.tar.xz.minisig"), resolved->artifact.signature);
    EXPECT_EQ(server.url("/dl/app-1.4.2.yaml"), resolved->release_file);
    EXPECT_EQ(server.url("/dl/app-1.4.2.yaml.minisig"), resolved->release_file_signature);
    const auto again = source()->resolve(*resolved);
    ASSERT_TRUE(again);
    EXPECT_EQ(resolved->artifact.signature, again->artifact.signature);
    const auto fetched = fetch(feed->releases[0]);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ("signature text", fetched->signature);
    EXPECT_EQ("app-1.4.2.tar.xz", fetched->artifact_name);
    EXPECT_EQ(sha256(artifact).hex, fetched->sha256);
    EXPECT_EQ(artifact.size(), fetched->size);
    EXPECT_TRUE(slurp(fetched->artifact) == artifact);
    struct stat info {};
    ASSERT_EQ(0, stat(fetched->artifact.c_str(), &info));
    EXPECT_EQ(0600U, info.st_mode & 0777);
    EXPECT_FALSE(std::filesystem::exists(base / "artifacts/app-1.4.2.tar.xz.part"));
    const auto published = source()->release_file(feed->releases[0]);
    ASSERT_TRUE(published && *published);
    EXPECT_EQ("version: 1.4.2\n", (*published)->text);
    EXPECT_EQ("its signature", (*published)->signature);
}

TEST_F(FeedSourceTest, NoArtifactAndNoTemplate) {
    site.source.feed.url = "https://vendor.example/feed.json";
    const auto resolved = source()->resolve(release("", false));
    ASSERT_FALSE(resolved);
    EXPECT_EQ(Code::invalid, resolved.error().code);
    EXPECT_NE(std::string::npos, resolved.error().hint.find("source.feed.artifact"));
}

TEST_F(FeedSourceTest, NoReleaseFilePublished) {
    site.source.feed.url = "https://vendor.example/feed.json";
    const auto published = source()->release_file(release("https://vendor.example/a.tar"));
    ASSERT_TRUE(published) << published.error().text();
    EXPECT_FALSE(*published);
}

TEST_F(FeedSourceTest, AddressesThatAFeedMayNotName) {
    site.source.feed.url = "https://vendor.example/feeds/stable.json";
    site.source.feed.allow_plain_http = false;
    EXPECT_EQ("https://vendor.example/feeds/a.tar", source()->resolve(release("a.tar"))->artifact.url);
    for (const char* url : {"file:///etc/shadow", "http://vendor.example/a.tar", "ftp://vendor.example/a.tar",
                            "https://u:p@vendor.example/a.tar", "https://2130706433/a.tar", "https://[::ffff:10.0.0.1]/a.tar"}) {
        const auto resolved = source()->resolve(release(url));
        ASSERT_FALSE(resolved) << url;
        EXPECT_EQ(Code::refused, resolved.error().code) << url;
    }
}

TEST_F(FeedSourceTest, FeedsThatAreNone) {
    for (const std::string& body : {std::string("<!doctype html><h1>Welcome</h1>"), std::string(), std::string("[1,2]"),
                                    std::string("{\"latest\":\"1.0.0\",\"latest\":\"2.0.0\"}")}) {
        const HostileServer server(files_handler());
        files["/f"] = body;
        site.source.feed.url = server.url("/f");
        const auto feed = source()->list();
        ASSERT_FALSE(feed) << body;
        EXPECT_EQ(Code::invalid, feed.error().code) << feed.error().text();
    }
}

TEST_F(FeedSourceTest, StatusesOfTheFeed) {
    const std::pair<int, Code> rows[] = {
        {401, Code::permission}, {404, Code::not_found}, {503, Code::unavailable}, {204, Code::failed}};
    for (const auto& [status, code] : rows) {
        const HostileServer server([status = status](const SeenRequest&, const Peer& peer) { peer.answer(status, ""); });
        site.source.feed.url = server.url("/f");
        EXPECT_EQ(code, source()->list().error().code) << status;
    }
}

TEST_F(FeedSourceTest, CredentialsGoToTheFeedAndTheTemplatesOnly) {
    const HostileServer elsewhere(files_handler());
    const HostileServer mirror(files_handler());
    const HostileServer server(files_handler());
    std::ofstream(base / "token") << "canary-token\n";
    std::filesystem::permissions(base / "token", std::filesystem::perms::owner_read);
    site.source.feed.url = server.url("/f");
    site.source.feed.signature = mirror.url("/sig");
    site.source.feed.headers = {{"Authorization", "file:" + (base / "token").string()}};
    files["/a.tar"] = artifact;
    files["/sig"] = "signature";
    ASSERT_TRUE(fetch(release(elsewhere.url("/a.tar"))));
    ASSERT_EQ(1U, elsewhere.seen().size());
    EXPECT_EQ("", elsewhere.seen()[0].header("authorization")) << "a host that only the feed names";
    ASSERT_EQ(1U, mirror.seen().size());
    EXPECT_EQ("canary-token", mirror.seen()[0].header("authorization"));
    EXPECT_FALSE(source()->list());
    EXPECT_EQ("canary-token", server.seen()[0].header("authorization"));
    for (const auto& entry : std::filesystem::directory_iterator(base / "artifacts"))
        EXPECT_EQ(std::string::npos, slurp(entry.path()).find("canary")) << entry.path();
}

TEST_F(FeedSourceTest, AMissingSecretIsNamedNotItsValue) {
    site.source.feed.url = "https://vendor.example/f";
    site.source.feed.headers = {{"Authorization", "env:UPREV_TEST_NO_SUCH_VARIABLE"}};
    const auto feed = source()->list();
    ASSERT_FALSE(feed);
    EXPECT_NE(std::string::npos, feed.error().text().find("UPREV_TEST_NO_SUCH_VARIABLE")) << feed.error().text();
}

TEST_F(FeedSourceTest, ADigestOrSizeThatDiffersLeavesNothingBehind) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    auto wrong = release(server.url("/a.tar"));
    wrong.artifact.sha256[0] = wrong.artifact.sha256[0] == '0' ? '1' : '0';
    const auto digest = fetch(wrong);
    ASSERT_FALSE(digest);
    EXPECT_EQ(Code::corrupt, digest.error().code);
    EXPECT_FALSE(std::filesystem::exists(base / "artifacts/a.tar"));
    EXPECT_EQ(0U, std::filesystem::file_size(base / "artifacts/a.tar.part"));
    wrong = release(server.url("/a.tar"));
    wrong.artifact.size += 1;
    EXPECT_EQ(Code::corrupt, fetch(wrong).error().code);
    EXPECT_FALSE(std::filesystem::exists(base / "artifacts/a.tar"));
}

TEST_F(FeedSourceTest, AnErrorPageWithStatus200) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = "\n<!DOCTYPE html><html>Service unavailable</html>";
    const auto fetched = fetch(release(server.url("/a.tar"), false));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(Code::corrupt, fetched.error().code);
    EXPECT_NE(std::string::npos, fetched.error().message.find("HTML"));
}

TEST_F(FeedSourceTest, TheArtifactLimit) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    site.source.feed.max_artifact_bytes = artifact.size() - 1;
    files["/a.tar"] = artifact;
    EXPECT_EQ(Code::exhausted, fetch(release(server.url("/a.tar"), false)).error().code);
}

TEST_F(FeedSourceTest, CutConnectionsAreResumedAtOnce) {
    int cuts = 0;
    const HostileServer server([&, honest = files_handler()](const SeenRequest& request, const Peer& peer) {
        if (request.target != "/a.tar" || cuts == 3) return honest(request, peer);
        const std::size_t from = request.header("range").empty() ? 0 : std::stoull(request.header("range").substr(6));
        ++cuts;
        const std::string tag = "ETag: \"" + sha256(artifact).hex.substr(0, 8) + "\"\r\n";
        const std::string length = "Content-Length: " + std::to_string(artifact.size() - from) + "\r\n";
        if (from == 0)
            peer.send("HTTP/1.1 200 X\r\n" + tag + length + "\r\n" + artifact.substr(0, 50'000));
        else
            peer.send("HTTP/1.1 206 X\r\n" + tag + length + "Content-Range: bytes " + std::to_string(from) +
                      "-199999/200000\r\n\r\n" + artifact.substr(from, 50'000));
    });
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    const auto fetched = fetch(release(server.url("/a.tar")));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_TRUE(slurp(fetched->artifact) == artifact);
    EXPECT_EQ(3, cuts);
    EXPECT_EQ("bytes=150000-", server.seen().back().header("range"));
}

TEST_F(FeedSourceTest, ALaterRunGoesOnWhereTheEarlierWasCancelled) {
    const HostileServer server(files_handler());
    const HostileServer slow(
        [&](const SeenRequest&, const Peer& peer) {
            peer.send("HTTP/1.1 200 X\r\nETag: \"" + sha256(artifact).hex.substr(0, 8) + "\"\r\nContent-Length: 200000\r\n\r\n" +
                      artifact.substr(0, 90'000));
            peer.idle(std::chrono::seconds(20));
        },
        "127.0.0.2");
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    // The same address must answer both times: a redirect chooses who does.
    bool stall = true;
    const HostileServer front(
        [&](const SeenRequest&, const Peer& peer) { peer.redirect(stall ? slow.url("/a.tar") : server.url("/a.tar"), 307); });
    FetchWatch watch;
    std::uint64_t seen = 0;
    watch.progress = [&](const os::DownloadProgress& at) { seen = at.done; };
    watch.cancelled = [&] { return std::filesystem::file_size(base / "artifacts/a.tar.part") >= 90'000; };
    EXPECT_EQ(Code::interrupted, fetch(release(front.url("/a.tar")), watch).error().code);
    stall = false;
    const auto fetched = fetch(release(front.url("/a.tar")));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_TRUE(slurp(fetched->artifact) == artifact);
    EXPECT_EQ("bytes=90000-", server.seen().back().header("range"));
}

TEST_F(FeedSourceTest, APartOfOtherContentIsNeverContinued) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    const std::string tag = "\\\"" + sha256(artifact).hex.substr(0, 8) + "\\\"";
    const std::string part = base / "artifacts/a.tar.part";
    const std::string record = base / "artifacts/a.tar.json";
    const std::string url = server.url("/a.tar");
    const std::string size = std::to_string(artifact.size());
    // Not its record, a broken record, another address, another size, another validator; and one that lies about everything but the bytes.
    for (const std::string& text :
         {std::string(), std::string("{"), std::string(R"({"url":"https://other/","validator":"x","size":)") + size + "}",
          R"({"url":")" + url + R"(","validator":")" + tag + R"(","size":7})",
          R"({"url":")" + url + R"(","validator":"\"other\"","size":)" + size + "}",
          R"({"url":")" + url + R"(","validator":")" + tag + R"(","size":)" + size + R"(,"complete":false})"}) {
        std::filesystem::remove_all(base / "artifacts");
        std::filesystem::create_directories(base / "artifacts");
        std::ofstream(part) << std::string(100'000, 'z');
        if (!text.empty()) std::ofstream(record) << text;
        const auto fetched = fetch(release(url));
        ASSERT_TRUE(fetched) << text << ": " << fetched.error().text();
        EXPECT_TRUE(slurp(fetched->artifact) == artifact) << text;
    }
}

TEST_F(FeedSourceTest, AFinishedArtifactIsNotFetchedTwiceUnlessItChanged) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    ASSERT_TRUE(fetch(release(server.url("/a.tar"))));
    ASSERT_TRUE(fetch(release(server.url("/a.tar"))));
    EXPECT_EQ(1U, server.seen().size());
    // No digest stated: the server is asked whether it is still the same.
    ASSERT_TRUE(fetch(release(server.url("/a.tar"), false)));
    EXPECT_EQ(2U, server.seen().size());
    EXPECT_EQ("HEAD", server.seen()[1].method);
    files["/a.tar"] = "new content";
    const auto changed = fetch(release(server.url("/a.tar"), false));
    ASSERT_TRUE(changed) << changed.error().text();
    EXPECT_EQ("new content", slurp(changed->artifact));
    // Damaged on disk (a power cut): fetched again.
    std::ofstream(base / "artifacts/a.tar", std::ios::trunc) << "torn";
    ASSERT_TRUE(fetch(release(server.url("/a.tar"), false)));
    EXPECT_EQ("new content", slurp(base / "artifacts/a.tar"));
}

TEST_F(FeedSourceTest, SignaturesThatAreMissingEmptyOrHuge) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files = {{"/a.tar", artifact}, {"/empty", ""}, {"/huge", std::string(65'537, 'x')}, {"/fits", std::string(65'536, 'x')}};
    const std::pair<const char*, Code> rows[] = {
        {"/missing", Code::untrusted}, {"/empty", Code::untrusted}, {"/huge", Code::exhausted}};
    for (const auto& [path, code] : rows) {
        auto what = release(server.url("/a.tar"));
        what.artifact.signature = server.url(path);
        const auto fetched = fetch(what);
        ASSERT_FALSE(fetched) << path;
        EXPECT_EQ(code, fetched.error().code) << path;
    }
    auto what = release(server.url("/a.tar"));
    what.artifact.signature = server.url("/fits");
    EXPECT_TRUE(fetch(what));
}

TEST_F(FeedSourceTest, NamesFromAddressesAreSafe) {
    const HostileServer server([&](const SeenRequest&, const Peer& peer) { peer.answer(200, artifact); });
    site.source.feed.url = server.url("/f");
    for (const char* path : {"/dl?file=../../evil", "/", "/dl/..%2f..%2fevil", "/.hidden", "/-rf", "/a%00b", "/dl/;id"}) {
        const auto fetched = fetch(release(server.url(path)));
        ASSERT_TRUE(fetched) << path << ": " << fetched.error().text();
        EXPECT_EQ(base / "artifacts", fetched->artifact.parent_path());
        EXPECT_TRUE(fetched->artifact_name == "release-1.4.2" || fetched->artifact_name == "dl") << fetched->artifact_name;
        std::filesystem::remove(fetched->artifact);
    }
}

TEST_F(FeedSourceTest, LinksPlantedWhereWeWrite) {
    const HostileServer server(files_handler());
    site.source.feed.url = server.url("/f");
    files["/a.tar"] = artifact;
    std::ofstream(base / "victim") << "untouched";
    for (const char* name : {"a.tar.part", "a.tar.json.new", "a.tar.json", "a.tar"}) {
        std::filesystem::remove_all(base / "artifacts");
        std::filesystem::create_directories(base / "artifacts");
        std::filesystem::create_symlink(base / "victim", base / "artifacts" / name);
        (void)fetch(release(server.url("/a.tar")));
        EXPECT_EQ("untouched", slurp(base / "victim")) << name;
    }
    std::filesystem::remove_all(base / "artifacts");
    std::filesystem::create_directories(base / "artifacts");
    std::filesystem::create_hard_link(base / "victim", base / "artifacts/a.tar.part");
    EXPECT_EQ(Code::refused, fetch(release(server.url("/a.tar"))).error().code);
    EXPECT_EQ("untouched", slurp(base / "victim"));
}

class FolderFeed : public FeedSourceTest {
   protected:
    FolderFeed() {
        site.source.feed.url = (base / "feed").string();
        std::ofstream(base / "feed/app.tar.xz") << artifact;
        std::ofstream(base / "feed/app.tar.xz.minisig") << "signature";
        std::ofstream(base / "outside") << "secret";
    }
    void write_feed(const std::string& url) const {
        std::ofstream(base / "feed/feed.json") << R"({"releases":[{"version":"1.4.2","artifact":{"url":")" << url
                                               << R"(","sha256":")" << sha256(artifact).hex << R"("}}]})";
    }
};

TEST_F(FolderFeed, Works) {
    site.source.feed.signature = "${artifact}.minisig";
    write_feed("app.tar.xz");
    const auto feed = source()->list();
    ASSERT_TRUE(feed) << feed.error().text();
    const auto resolved = source()->resolve(feed->releases.at(0));
    ASSERT_TRUE(resolved) << resolved.error().text();
    EXPECT_EQ((base / "feed/app.tar.xz").string(), resolved->artifact.url);
    const auto fetched = fetch(*resolved);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ("signature", fetched->signature);
    EXPECT_TRUE(slurp(fetched->artifact) == artifact);
    EXPECT_NE(base / "feed", fetched->artifact.parent_path()) << "copied, not used in place";
    site.source.feed.url += "/";
    EXPECT_TRUE(source()->list());
}

TEST_F(FolderFeed, NothingOutsideIsRead) {
    std::filesystem::create_symlink(base / "outside", base / "feed/link.tar");
    std::filesystem::create_directory_symlink(base, base / "feed/up");
    ASSERT_EQ(0, mkfifo((base / "feed/pipe").c_str(), 0600));
    for (const std::string& url :
         {std::string("../outside"), (base / "outside").string(), (base / "feed/../outside").string(),
          std::string("a/../../outside"), std::string("/etc/passwd"), std::string("link.tar"), std::string("up/outside"),
          std::string("pipe"), std::string("."), std::string("https://vendor.example/a.tar"), std::string("file:///etc/passwd"),
          (base / "feedextra").string()}) {
        const auto fetched = fetch(release(url, false));
        ASSERT_FALSE(fetched) << url;
        EXPECT_EQ(Code::refused, fetched.error().code) << url << ": " << fetched.error().text();
    }
}

TEST_F(FolderFeed, AFeedThatIsALink) {
    std::ofstream(base / "real.json") << R"({"releases":[]})";
    std::filesystem::create_symlink(base / "real.json", base / "feed/feed.json");
    EXPECT_EQ(Code::refused, source()->list().error().code);
}

TEST_F(FolderFeed, MissingThings) {
    EXPECT_EQ(Code::not_found, source()->list().error().code);
    EXPECT_EQ(Code::not_found, fetch(release("nothing.tar")).error().code);
    auto unsigned_release = release("app.tar.xz");
    unsigned_release.artifact.signature = "nothing.minisig";
    EXPECT_EQ(Code::untrusted, fetch(unsigned_release).error().code);
    site.source.feed.url = "/no/such/folder";
    EXPECT_EQ(Code::not_found, source()->list().error().code);
}

TEST_F(FolderFeed, SizeDigestAndLimit) {
    auto wrong = release("app.tar.xz");
    wrong.artifact.size = 5;
    EXPECT_EQ(Code::corrupt, fetch(wrong).error().code);
    wrong = release("app.tar.xz");
    wrong.artifact.sha256 = std::string(64, '0');
    EXPECT_EQ(Code::corrupt, fetch(wrong).error().code);
    site.source.feed.max_artifact_bytes = 1000;
    EXPECT_EQ(Code::exhausted, fetch(release("app.tar.xz", false)).error().code);
}

}  // namespace
}  // namespace uprev
