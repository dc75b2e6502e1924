// SPDX-License-Identifier: Apache-2.0
#include "adapters/layout/beside.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "os/identity.hpp"
#include "os/linux.hpp"

namespace uprev {
namespace {

namespace fs = std::filesystem;

class BesideTest : public ::testing::Test {
   protected:
    void SetUp() override {
        char name[] = "/tmp/uprev-beside-XXXXXX";
        root_ = fs::path(::mkdtemp(name)) / "shop";
        fs::create_directories(root_ / "releases");
        site_.root = root_;
        files_ = os::make_filesystem(root_);
        layout_ = make_beside_layout(site_, *files_);
    }
    void TearDown() override { fs::remove_all(root_.parent_path()); }

    fs::path release(const std::string& name) {
        const auto folder = root_ / "releases" / name;
        fs::create_directories(folder);
        std::ofstream(folder / "file") << name;
        return folder;
    }

    fs::path root_;
    SiteFile site_;
    std::unique_ptr<os::FileSystem> files_;
    std::unique_ptr<Layout> layout_;
};

TEST(ReleaseFolderName, CarriesTheVersion) {
    EXPECT_EQ(release_folder_name("20261121035500", *Version::parse("v1.4.2")), "20261121035500_v1.4.2");
    EXPECT_EQ(version_of_folder("20261121035500_v1.4.2"), "1.4.2");
    EXPECT_EQ(version_of_folder("20261121035500_v2.0.0-rc.1+b5"), "2.0.0-rc.1+b5");
    for (const char* name : {"", "lost+found", "20261121035500", "x_v", "x_vnext", "_vv"})
        EXPECT_EQ(version_of_folder(name), "") << name;
}

TEST_F(BesideTest, WithoutPointerNothingIsActive) {
    EXPECT_EQ(layout_->active().error().code, Code::not_found);
    EXPECT_FALSE(layout_->active().error().hint.empty());
}

TEST_F(BesideTest, ActivateSwapsARelativePointer) {
    const auto a = release("20260101000000_v1.0.0");
    const auto b = release("20260102000000_v1.1.0");
    ASSERT_TRUE(layout_->activate(a));
    EXPECT_EQ(fs::read_symlink(root_ / "current"), "releases/20260101000000_v1.0.0");
    ASSERT_TRUE(layout_->activate(b));
    ASSERT_TRUE(layout_->activate(b));
    const auto active = layout_->active();
    ASSERT_TRUE(active);
    EXPECT_EQ(active->folder, b);
    EXPECT_EQ(active->version, "1.1.0");
    std::size_t entries = 0;
    for (const auto& entry : fs::directory_iterator(root_)) entries += entry.exists() ? 1 : 0;
    EXPECT_EQ(entries, 2U) << "a temporary was left behind";
}

TEST_F(BesideTest, PointersThatAreNoneAreNamed) {
    const auto elsewhere = root_.parent_path() / "20260101000000_v1.0.0";
    fs::create_directories(elsewhere);
    fs::create_directories(root_ / "releases/.staging.1");
    fs::create_directories(root_ / "releases/a/b");
    for (const auto& target : {elsewhere, fs::path("releases/gone"), fs::path("releases/.staging.1"), fs::path("releases"),
                               fs::path("."), fs::path("releases/a/b"), fs::path("releases/../../20260101000000_v1.0.0")}) {
        fs::remove(root_ / "current");
        fs::create_directory_symlink(target, root_ / "current");
        EXPECT_EQ(layout_->active().error().code, Code::invalid) << target;
    }
    fs::remove(root_ / "current");
    std::ofstream(root_ / "current") << "x";
    EXPECT_EQ(layout_->active().error().code, Code::invalid);
    fs::remove(root_ / "current");
    fs::create_directory(root_ / "current");
    EXPECT_EQ(layout_->active().error().code, Code::invalid);
    const auto a = release("20260101000000_v1.0.0");
    EXPECT_FALSE(layout_->activate(a));
    EXPECT_TRUE(fs::is_directory(fs::symlink_status(root_ / "current")));
    EXPECT_FALSE(layout_->discard(a)) << "who is active isn't known, so nothing may be removed";
}

TEST_F(BesideTest, AReleaseThatIsASymlinkIsNoRelease) {
    const auto outside = root_.parent_path() / "outside";
    fs::create_directories(outside);
    fs::create_directory_symlink(outside, root_ / "releases/20260101000000_v1.0.0");
    EXPECT_FALSE(layout_->activate(root_ / "releases/20260101000000_v1.0.0"));
    EXPECT_TRUE(layout_->placed()->empty());
    fs::create_directory_symlink("releases/20260101000000_v1.0.0", root_ / "current");
    EXPECT_EQ(layout_->active().error().code, Code::invalid);
}

TEST_F(BesideTest, AnAbsolutePointerOfTheOperatorIsUnderstood) {
    const auto a = release("20260101000000_v1.0.0");
    fs::create_directory_symlink(a, root_ / "current");
    ASSERT_TRUE(layout_->active());
    EXPECT_EQ(layout_->active()->folder, a);
}

TEST_F(BesideTest, PlacedListsPromotedOnesOnly) {
    release("20260102000000_v1.1.0");
    const auto a = release("20260101000000_v1.0.0");
    release("manual");
    release(".staging.7");
    std::ofstream(root_ / "releases/notes.txt") << "x";
    ASSERT_TRUE(layout_->activate(a));
    const auto placed = layout_->placed();
    ASSERT_TRUE(placed);
    ASSERT_EQ(placed->size(), 3U);
    EXPECT_EQ((*placed)[0].version, "1.0.0");
    EXPECT_TRUE((*placed)[0].active);
    EXPECT_EQ((*placed)[1].version, "1.1.0");
    EXPECT_FALSE((*placed)[1].active);
    EXPECT_EQ((*placed)[2].version, "");
    fs::remove_all(root_ / "releases");
    EXPECT_TRUE(layout_->placed()->empty());
}

TEST_F(BesideTest, PromoteRenamesAndMayBeRepeated) {
    const auto staged = release(".staging.1");
    const auto final = root_ / "releases/20260101000000_v1.0.0";
    ASSERT_TRUE(layout_->promote(staged, final));
    ASSERT_TRUE(layout_->promote(staged, final));
    EXPECT_TRUE(fs::exists(final / "file"));
    release(".staging.1");
    EXPECT_EQ(layout_->promote(staged, final).error().code, Code::conflict) << "another release must not be replaced";
    EXPECT_FALSE(layout_->promote(staged, root_ / "elsewhere"));
    EXPECT_FALSE(layout_->promote(staged, root_ / "releases/.hidden"));
    EXPECT_EQ(layout_->promote(root_ / "releases/.none", root_ / "releases/x_v1.0.0").error().code, Code::not_found);
}

TEST_F(BesideTest, DiscardRefusesTheActiveOneAndForeignFolders) {
    const auto a = release("20260101000000_v1.0.0");
    const auto b = release("20260102000000_v1.1.0");
    ASSERT_TRUE(layout_->activate(a));
    EXPECT_EQ(layout_->discard(a).error().code, Code::refused);
    EXPECT_TRUE(fs::exists(a));
    EXPECT_FALSE(layout_->discard(root_));
    EXPECT_FALSE(layout_->discard(root_ / "releases"));
    EXPECT_FALSE(layout_->discard(root_ / "releases/.."));
    EXPECT_FALSE(layout_->discard("/tmp"));
    ASSERT_TRUE(layout_->discard(b));
    ASSERT_TRUE(layout_->discard(b));
    EXPECT_FALSE(fs::exists(b));
}

TEST_F(BesideTest, ADiscardThatWasCutOffIsFinished) {
    const auto half = release(".discarded.20260102000000_v1.1.0");
    ASSERT_TRUE(layout_->discard(root_ / "releases/20260102000000_v1.1.0"));
    EXPECT_FALSE(fs::exists(half));
}

// Root gives what it makes to the site's user; an ordinary user owns it anyway.
TEST_F(BesideTest, WhatIsMadeBelongsToTheSitesUser) {
    const bool root = ::geteuid() == 0;
    site_.user = root ? "nobody" : "";
    layout_ = make_beside_layout(site_, *files_);
    const auto a = release("20260101000000_v1.0.0");
    ASSERT_TRUE(layout_->activate(a));
    struct stat about {};
    ASSERT_EQ(::lstat((root_ / "current").c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, root ? os::find_user("nobody")->uid : ::geteuid());
}

}  // namespace
}  // namespace uprev
