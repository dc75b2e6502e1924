// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "adapters/unpacker/archive_fixture.hpp"
#include "os/identity.hpp"
#include "os/process.hpp"

namespace uprev {
namespace {

using test::TarWriter;

class TarUnpackerTest : public test::ArchiveFixture {};

mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(0, lstat(path.c_str(), &info)) << path;
    return info.st_mode & 07777;
}

std::string ordinary() {
    return TarWriter()
        .folder("app-1.4.2/")
        .file("app-1.4.2/uprev.release.yaml", "version: 1.4.2\n")
        .folder("app-1.4.2/bin/")
        .file("app-1.4.2/bin/start", "#!/bin/sh\n", 0755)
        .file("app-1.4.2/lib/deep/er/x.js", std::string(100'000, 'x'), 0600)
        .symlink("app-1.4.2/run", "bin/start")
        .symlink("app-1.4.2/lib/deep/up", "../../bin")
        .hardlink("app-1.4.2/start", "app-1.4.2/bin/start")
        .file("app-1.4.2/gr\xc3\xbc\xc3\x9f", "utf-8")
        .file("app-1.4.2/empty", "")
        .finish();
}

TEST_F(TarUnpackerTest, UnpacksAndStripsTheSingleRoot) {
    const auto done = unpack(ordinary());
    ASSERT_TRUE(done) << done.error().text();
    const std::map<std::string, std::string> expected{{"uprev.release.yaml", "file:version: 1.4.2\n"},
                                                      {"bin", "folder"},
                                                      {"bin/start", "file:#!/bin/sh\n"},
                                                      {"start", "file:#!/bin/sh\n"},
                                                      {"lib", "folder"},
                                                      {"lib/deep", "folder"},
                                                      {"lib/deep/er", "folder"},
                                                      {"lib/deep/er/x.js", "file:" + std::string(100'000, 'x')},
                                                      {"lib/deep/up", "link:../../bin"},
                                                      {"run", "link:bin/start"},
                                                      {"gr\xc3\xbc\xc3\x9f", "file:utf-8"},
                                                      {"empty", "file:"}};
    EXPECT_EQ(expected, listing(into));
    EXPECT_EQ(10U, done->entries);
    EXPECT_EQ(100'000U + 15 + 10 + 5, done->bytes);
    EXPECT_EQ(1'700'000'000,
              std::chrono::duration_cast<std::chrono::seconds>(
                  std::chrono::file_clock::to_sys(std::filesystem::last_write_time(into / "bin/start")).time_since_epoch())
                  .count());
    expect_outside_untouched();
}

TEST_F(TarUnpackerTest, ModesAreTwoWhateverTheUmask) {
    const mode_t before = umask(077);
    const auto done = unpack(ordinary());
    umask(before);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(0755U, mode_of(into));
    EXPECT_EQ(0755U, mode_of(into / "bin"));
    EXPECT_EQ(0755U, mode_of(into / "lib/deep"));
    EXPECT_EQ(0755U, mode_of(into / "bin/start"));
    EXPECT_EQ(0644U, mode_of(into / "lib/deep/er/x.js"));
}

TEST_F(TarUnpackerTest, AllPackings) {
    for (const auto& bytes : {test::gzip(ordinary()), test::xz(ordinary()), test::zstd(ordinary()),
                              test::gzip(ordinary().substr(0, 1000)) + test::gzip(ordinary().substr(1000)),
                              test::xz(ordinary().substr(0, 1000)) + std::string(8, '\0') + test::xz(ordinary().substr(1000)),
                              test::zstd(ordinary().substr(0, 1000)) + test::zstd(ordinary().substr(1000))}) {
        std::filesystem::remove_all(into);
        const auto done = unpack(bytes);
        ASSERT_TRUE(done) << done.error().text();
        EXPECT_EQ(10U, done->entries);
        EXPECT_EQ("utf-8", slurp(into / "gr\xc3\xbc\xc3\x9f"));
    }
}

TEST_F(TarUnpackerTest, StripsOnlyWhenEverythingLiesBelow) {
    ASSERT_TRUE(unpack(TarWriter().file("a/x").file("b/y").finish()));
    EXPECT_EQ("data\n", slurp(into / "a/x"));
    std::filesystem::remove_all(into);
    ASSERT_TRUE(unpack(TarWriter().file("a/x").file("y").finish()));
    EXPECT_EQ("data\n", slurp(into / "a/x"));
    std::filesystem::remove_all(into);
    ASSERT_TRUE(unpack(TarWriter().folder("./").file("./a/x").file("./a/a/.lifted").finish()));
    EXPECT_EQ("data\n", slurp(into / "a/.lifted")) << "a child may bear the root's name";
    std::filesystem::remove_all(into);
    UnpackRequest request = make_request(TarWriter().file("a/x").finish());
    request.strip_single_root = false;
    ASSERT_TRUE(make_tar_unpacker()->unpack(request));
    close(request.fd);
    EXPECT_EQ("data\n", slurp(into / "a/x"));
}

TEST_F(TarUnpackerTest, LongNamesOfBothKinds) {
    const std::string name = std::string(120, 'n') + "/" + std::string(120, 'm');
    const std::string posix(100, 'p');
    ASSERT_TRUE(unpack(TarWriter()
                           .pax({{"path", "top/" + name}, {"mtime", "1700000000.5"}, {"SCHILY.xattr.user.x", "y"}})
                           .file("top/short")
                           .gnu_long('L', "top/g" + name)
                           .add({"top/short", '0', "gnu", "", 0644, std::string("ustar  \0", 8)})
                           .add({posix, '0', "prefixed", "", 0644, std::string("ustar\00000", 8), "", "top/prefix"})
                           .pax({{"linkpath", std::string(150, 'l')}})
                           .symlink("top/link", "short")
                           .pax({{"comment", "commit"}}, 'g')
                           .file("top/last")
                           .finish()));
    EXPECT_EQ("data\n", slurp(into / name));
    EXPECT_EQ("gnu", slurp(into / ("g" + name)));
    EXPECT_EQ("prefixed", slurp(into / "prefix" / posix));
    EXPECT_EQ(std::string(150, 'l'), std::filesystem::read_symlink(into / "link"));
}

TEST_F(TarUnpackerTest, WhatRealTarMakes) {
    const auto tree = base / "staging" / "tree";
    std::filesystem::create_directories(tree / "node_modules/.bin");
    std::filesystem::create_directories(tree / ("long" + std::string(200, 'x')) / "inner");
    std::ofstream(tree / "node_modules/tool.js") << "x";
    std::ofstream(tree / ("long" + std::string(200, 'x')) / "inner" / ("file" + std::string(150, 'y'))) << "z";
    std::ofstream(tree / "\xe6\x97\xa5\xe6\x9c\xac") << "utf-8";
    std::filesystem::create_symlink("../tool.js", tree / "node_modules/.bin/tool");
    std::filesystem::create_hard_link(tree / "node_modules/tool.js", tree / "twin");
    const auto wanted = listing(tree);
    const auto archive = base / "staging" / "archive";
    const std::vector<std::vector<std::string>> ways{
        {"--format=gnu", "-cJf"}, {"--format=pax", "-czf"}, {"--format=posix", "--zstd", "-cf"}, {"--format=gnu", "-cf"}};
    for (const auto& way : ways) {
        for (const std::string& what : {std::string("."), std::string("tree")}) {
            os::Command tar;
            tar.argv = {"tar", "-C", what == "." ? tree.string() : (base / "staging").string()};
            tar.argv.insert(tar.argv.end(), way.begin(), way.end());
            tar.argv.insert(tar.argv.end(), {archive.string(), what});
            tar.env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}};
            const auto made = os::capture(tar);
            ASSERT_TRUE(made && made->outcome.ok()) << (made ? made->errors : made.error().text());
            into = base / "staging" / "out";
            std::filesystem::remove_all(into);
            const auto done = unpack(slurp(archive));
            ASSERT_TRUE(done) << way[0] << " " << what << ": " << done.error().text();
            EXPECT_EQ(wanted, listing(into)) << way[0] << " " << what;
        }
    }
}

TEST_F(TarUnpackerTest, TheDigestMustBeTheVerifiedOne) {
    UnpackRequest request = make_request(ordinary());
    request.sha256 = sha256("something else").hex;
    const auto done = make_tar_unpacker()->unpack(request);
    close(request.fd);
    ASSERT_FALSE(done);
    EXPECT_EQ(Code::untrusted, done.error().code);
    EXPECT_FALSE(std::filesystem::exists(into / "bin")) << "not promoted out of its own folder, no links made";
}

TEST_F(TarUnpackerTest, TheFolderMustBeEmpty) {
    std::filesystem::create_directories(into);
    ASSERT_TRUE(unpack(ordinary()));
    const auto again = unpack(ordinary());
    ASSERT_FALSE(again);
    EXPECT_EQ(Code::conflict, again.error().code);
    std::filesystem::remove_all(into);
    std::filesystem::create_directory_symlink(base / "outside", into);
    EXPECT_FALSE(unpack(ordinary()));
    expect_outside_untouched();
}

TEST_F(TarUnpackerTest, AsTheUser) {
    ASSERT_TRUE(os::is_root()) << "this test needs root, as the shop's own tests do";
    const passwd* nobody = getpwnam("nobody");
    ASSERT_NE(nullptr, nobody);
    UnpackRequest request = make_request(ordinary());
    request.user = "nobody";
    std::filesystem::permissions(
        base, std::filesystem::perms::owner_all | std::filesystem::perms::others_exec | std::filesystem::perms::group_exec);
    const auto done = make_tar_unpacker()->unpack(request);  // only root may write into `base`
    ASSERT_TRUE(done) << done.error().text();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(into)) {
        struct stat info {};
        ASSERT_EQ(0, lstat(entry.path().c_str(), &info));
        EXPECT_EQ(nobody->pw_uid, info.st_uid) << entry.path();
        EXPECT_EQ(nobody->pw_gid, info.st_gid) << entry.path();
    }
    EXPECT_EQ(0U, geteuid());
    // Where that user may not write, neither does the extraction.
    request.into = base / "outside" / "in";
    std::filesystem::create_directories(request.into);
    const auto refused = make_tar_unpacker()->unpack(request);
    close(request.fd);
    ASSERT_FALSE(refused);
    EXPECT_EQ(Code::permission, refused.error().code);
    EXPECT_TRUE(std::filesystem::is_empty(request.into));
    std::filesystem::remove(request.into);
}

TEST_F(TarUnpackerTest, CancelledInTheMiddle) {
    UnpackRequest request = make_request(test::gzip(TarWriter().file("a", std::string(8U << 20U, 'x')).finish()));
    int polls = 0;
    request.cancelled = [&] { return ++polls > 3; };
    const auto done = make_tar_unpacker()->unpack(request);
    close(request.fd);
    ASSERT_FALSE(done);
    EXPECT_EQ(Code::interrupted, done.error().code);
}

TEST_F(TarUnpackerTest, AFullDiskIsNamed) {
    // A file size limit stands in for the disk: write(2) fails either way.
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const int fd = memory_file(TarWriter().file("a", std::string(1U << 20U, 'x')).finish());
    UnpackRequest request = make_request("");
    close(request.fd);
    request.fd = fd;
    signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const auto done = make_tar_unpacker()->unpack(request);
    setrlimit(RLIMIT_FSIZE, &before);
    close(fd);
    ASSERT_FALSE(done);
    EXPECT_NE(std::string::npos, done.error().message.find("cannot write")) << done.error().text();
}

TEST_F(TarUnpackerTest, MeasureSaysTheSameWithoutWriting) {
    const auto measured = measure(test::xz(ordinary()));
    ASSERT_TRUE(measured) << measured.error().text();
    const auto done = unpack(test::xz(ordinary()));
    ASSERT_TRUE(done);
    EXPECT_EQ(done->bytes, measured->bytes);
    EXPECT_EQ(done->entries, measured->entries);
}

TEST_F(TarUnpackerTest, StatedSizes) {
    const std::string plain = ordinary();
    const auto stated = [](const std::string& bytes) {
        const int fd = memory_file(bytes);
        const auto size = make_tar_unpacker()->stated_size(fd);
        close(fd);
        EXPECT_TRUE(size);
        return size.value_or(1);
    };
    EXPECT_EQ(plain.size(), stated(plain));
    EXPECT_EQ(plain.size(), stated(test::gzip(plain)));
    EXPECT_EQ(plain.size(), stated(test::xz(plain)));
    EXPECT_EQ(plain.size(), stated(test::zstd(plain)));
    EXPECT_EQ(plain.size() + 1000, stated(test::xz(plain) + std::string(8, '\0') + test::xz(std::string(1000, 'x'))))
        << "streams in a row";
    for (const auto& none : {std::string(), std::string("PK\x03\x04"), test::xz(plain).substr(0, 200), test::xz(plain) + "evil",
                             std::string("\x1f\x8b"), std::string("\x28\xb5\x2f\xfd")})
        EXPECT_EQ(0U, stated(none));
}

TEST_F(TarUnpackerTest, Members) {
    EXPECT_EQ("version: 1.4.2\n", member(test::gzip(ordinary()), "uprev.release.yaml").value_or("?"));
    EXPECT_EQ("data\n", member(TarWriter().file("./uprev.release.yaml").file("x").finish(), "uprev.release.yaml").value_or("?"));
    const auto absent = member(ordinary(), "package.json");
    ASSERT_FALSE(absent);
    EXPECT_EQ(Code::not_found, absent.error().code);
    EXPECT_EQ(Code::exhausted, member(ordinary(), "lib/deep/er/x.js", 1000).error().code);
    EXPECT_EQ(Code::refused, member(ordinary(), "run").error().code) << "a link is no file";
    EXPECT_EQ(Code::not_found,
              member(TarWriter().file("a/x").file("b/uprev.release.yaml").finish(), "uprev.release.yaml").error().code);
}

}  // namespace
}  // namespace uprev
