// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_paths.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>

namespace uprev {
namespace {

class Pm2PathsTest : public testing::Test {
   protected:
    void SetUp() override {
        namespace fs = std::filesystem;
        std::string pattern = testing::TempDir() + "/uprev-paths-XXXXXX";
        base_ = ::mkdtemp(pattern.data());
        fs::create_directories(base_ / "real" / "releases" / "v1" / "backend");
        fs::create_directory_symlink("releases/v1", base_ / "real" / "current");
        fs::create_directory_symlink("real", base_ / "root");
        site_.root = (base_ / "root").string();
    }
    void TearDown() override { std::filesystem::remove_all(base_); }
    static Pm2Worker at(const os::Path& cwd, const os::Path& script) {
        Pm2Worker worker;
        worker.cluster = true;
        worker.cwd = cwd.string();
        worker.script = script.string();
        return worker;
    }
    os::Path base_;
    SiteFile site_;
};

TEST_F(Pm2PathsTest, OnlyThePointerFollowsASwap) {
    const Pm2Paths paths(site_);
    const auto root = base_ / "root";
    const auto real = base_ / "real";
    EXPECT_EQ("", paths.problem(at(root / "current", root / "current/a.js"), ""));
    EXPECT_EQ("", paths.problem(at(real / "current", real / "current/a.js"), "")) << "the root's own name may be a symlink";
    EXPECT_EQ("", paths.problem(at("/home", root / "current/a.js"), "")) << "started by an absolute path through the pointer";
    EXPECT_NE("", paths.trap(at(root / "releases/v1", root / "releases/v1/a.js")));
    EXPECT_NE("", paths.trap(at(root / "current", real / "releases/v1/a.js")));
    EXPECT_NE("", paths.trap(at(real / "releases/v1", root / "current/a.js")));
    EXPECT_EQ("", paths.trap(at(root / "current", root / "current/a.js")));
    EXPECT_NE("", paths.problem(at(root / "shared", root / "shared/a.js"), ""));
}

TEST_F(Pm2PathsTest, TheFolderOfTheServiceIsCompared) {
    const Pm2Paths paths(site_);
    const auto current = base_ / "root" / "current";
    EXPECT_EQ("", paths.problem(at(current / "backend", current / "backend/a.js"), "backend"));
    EXPECT_EQ("", paths.problem(at(current / "backend/", current / "backend/a.js"), "backend/"));
    EXPECT_NE("", paths.problem(at(current, current / "backend/a.js"), "backend"));
}

TEST_F(Pm2PathsTest, ForeignIsWhatHasNothingInTheRoot) {
    const Pm2Paths paths(site_);
    EXPECT_TRUE(paths.foreign(at("/srv/other", "/srv/other/a.js")));
    EXPECT_TRUE(paths.foreign(at((base_ / "root").string() + "-other", "/srv/other/a.js")));
    EXPECT_FALSE(paths.foreign(at("/srv/other", base_ / "root/current/a.js")));
    EXPECT_FALSE(paths.foreign(at(base_ / "real/current", "/usr/bin/env")));
}

TEST_F(Pm2PathsTest, LeadsBackThroughThePointer) {
    const Pm2Paths paths(site_);
    EXPECT_EQ(base_ / "root/current/backend/a.js", paths.through_pointer(base_ / "real/releases/v1/backend/a.js"));
    EXPECT_EQ(base_ / "root/current", paths.through_pointer(base_ / "root/releases/v1"));
    EXPECT_EQ("/srv/x", paths.through_pointer("/srv/x"));
}

}  // namespace
}  // namespace uprev
