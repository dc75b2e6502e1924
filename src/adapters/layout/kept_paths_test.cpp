// SPDX-License-Identifier: Apache-2.0
#include "adapters/layout/kept_paths.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "os/linux.hpp"

namespace uprev {
namespace {

namespace fs = std::filesystem;

class KeptPathsTest : public ::testing::Test {
   protected:
    void SetUp() override {
        char name[] = "/tmp/uprev-kept-XXXXXX";
        root_ = ::mkdtemp(name);
        release_ = root_ / "releases/.staging.1";
        fs::create_directories(release_);
        fs::create_directories(root_ / "shared");
        files_ = os::make_filesystem(root_);
    }
    void TearDown() override { fs::remove_all(root_); }

    static void put(const fs::path& file, const std::string& text) {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    static std::string text_of(const fs::path& file) {
        std::stringstream out;
        out << std::ifstream(file).rdbuf();
        return out.str();
    }
    Result<> link(std::vector<std::string> paths) {
        return link_kept_paths({std::move(paths), root_ / "shared", {}}, release_, *files_);
    }

    fs::path root_;
    fs::path release_;
    std::unique_ptr<os::FileSystem> files_;
};

TEST_F(KeptPathsTest, LinksAreRelativeAndMayBeMadeTwice) {
    put(root_ / "shared/.env", "A=1");
    put(root_ / "shared/backend/uploads/cat.png", "cat");
    for (int round = 0; round < 2; ++round) {
        const auto done = link({".env", "backend/uploads/"});
        ASSERT_TRUE(done) << done.error().text();
        EXPECT_EQ(fs::read_symlink(release_ / ".env"), "../../shared/.env");
        EXPECT_EQ(fs::read_symlink(release_ / "backend/uploads"), "../../../shared/backend/uploads");
        EXPECT_EQ(text_of(release_ / "backend/uploads/cat.png"), "cat");
    }
    EXPECT_FALSE(fs::exists(release_ / ".env.vendor"));
}

TEST_F(KeptPathsTest, WhatTheReleaseShipsIsSetAside) {
    put(root_ / "shared/.env", "mine");
    put(release_ / ".env", "vendor's");
    put(release_ / "uploads/sample", "sample");
    ASSERT_TRUE(link({".env", "uploads"}));
    EXPECT_EQ(text_of(release_ / ".env"), "mine");
    EXPECT_EQ(text_of(release_ / ".env.vendor"), "vendor's");
    EXPECT_EQ(text_of(release_ / "uploads.vendor/sample"), "sample");
    EXPECT_TRUE(fs::is_empty(root_ / "shared/uploads")) << "a folder may start out empty";
}

TEST_F(KeptPathsTest, AVendorFileOfThatNameSurvivesToo) {
    put(root_ / "shared/.env", "mine");
    put(release_ / ".env", "one");
    put(release_ / ".env.vendor", "two");
    ASSERT_TRUE(link({".env"}));
    EXPECT_EQ(text_of(release_ / ".env.vendor"), "two");
    EXPECT_EQ(text_of(release_ / ".env.vendor.2"), "one");
}

TEST_F(KeptPathsTest, ASymlinkOfTheVendorIsReplacedNotFollowed) {
    put(root_ / "shared/.env", "mine");
    put(root_ / "victim", "untouched");
    fs::create_symlink(root_ / "victim", release_ / ".env");
    ASSERT_TRUE(link({".env"}));
    EXPECT_EQ(text_of(release_ / ".env"), "mine");
    EXPECT_EQ(text_of(root_ / "victim"), "untouched");
    EXPECT_TRUE(fs::is_symlink(release_ / ".env.vendor"));
}

TEST_F(KeptPathsTest, ASymlinkOnTheWayIsRefused) {
    const auto outside = root_ / "outside";
    fs::create_directories(outside);
    fs::create_directories(root_ / "shared/storage/uploads");
    fs::create_directory_symlink(outside, release_ / "storage");
    EXPECT_EQ(link({"storage/uploads"}).error().code, Code::refused);
    EXPECT_TRUE(fs::is_empty(outside));
    fs::remove(release_ / "storage");
    put(release_ / "storage", "a file");
    EXPECT_EQ(link({"storage/uploads"}).error().code, Code::refused);
}

TEST_F(KeptPathsTest, AMissingFileIsTheOperatorsToWrite) {
    const auto result = link({".env"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::not_found);
    EXPECT_NE(result.error().message.find(".env"), std::string::npos);
    EXPECT_FALSE(result.error().hint.empty());
    ASSERT_TRUE(link({"cache/images/"}));
    EXPECT_TRUE(fs::is_directory(root_ / "shared/cache/images"));
}

TEST_F(KeptPathsTest, PathsThatLeaveTheReleaseAreRefused) {
    for (const std::string bad : {"", ".", "./", "/etc/passwd", "..", "../x", "a/../../x", "a/.."}) {
        EXPECT_EQ(link({bad}).error().code, Code::invalid) << bad;
    }
    EXPECT_EQ(link({std::string("a\0b", 3)}).error().code, Code::invalid);
}

}  // namespace
}  // namespace uprev
