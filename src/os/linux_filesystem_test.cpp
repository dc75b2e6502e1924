// SPDX-License-Identifier: Apache-2.0
#include "os/linux_filesystem.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/identity.hpp"
#include "os/linux.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

namespace fs = std::filesystem;

class FileSystemTest : public ::testing::Test {
   protected:
    std::vector<std::string> names() const { return *files_->list(root_); }
    static struct stat about(const Path& path) {
        struct stat out {};
        EXPECT_EQ(::lstat(path.c_str(), &out), 0) << path;
        return out;
    }
    TestFolder folder_;
    Path root_ = folder_.path();
    std::unique_ptr<FileSystem> files_ = make_filesystem(root_);
};

TEST_F(FileSystemTest, LooksWithoutFollowing) {
    folder_.put("file", "12345", 0640);
    fs::create_symlink("file", root_ / "link");
    fs::create_directory(root_ / "dir");
    ASSERT_EQ(::mkfifo((root_ / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(files_->info(root_ / "file")->type, FileType::regular);
    EXPECT_EQ(files_->info(root_ / "file")->size, 5U);
    EXPECT_EQ(files_->info(root_ / "file")->mode, 0640U);
    EXPECT_EQ(files_->info(root_ / "file")->uid, ::geteuid());
    EXPECT_EQ(files_->info(root_ / "link")->type, FileType::symlink);
    EXPECT_EQ(files_->info(root_ / "dir")->type, FileType::folder);
    EXPECT_EQ(files_->info(root_ / "fifo")->type, FileType::other);
    EXPECT_EQ(files_->info(root_ / "none")->type, FileType::missing);
    EXPECT_EQ(files_->info(root_ / "file/below")->type, FileType::missing);
    EXPECT_EQ(*files_->read_link(root_ / "link"), "file");
    EXPECT_EQ(files_->read_link(root_ / "file").error().code, Code::invalid);
    EXPECT_EQ(files_->read_link(root_ / "none").error().code, Code::not_found);
    EXPECT_EQ(names(), (std::vector<std::string>{"dir", "fifo", "file", "link"}));
    EXPECT_EQ(files_->list(root_ / "none").error().code, Code::not_found);
}

TEST_F(FileSystemTest, ReadsWholeFilesUpToALimit) {
    const std::string text(200'000, 'x');
    folder_.put("file", text);
    EXPECT_EQ(*files_->read(root_ / "file"), text);
    EXPECT_EQ(*files_->read(root_ / "file", 200'000), text);
    EXPECT_EQ(files_->read(root_ / "file", 199'999).error().code, Code::exhausted);
    EXPECT_EQ(files_->read(root_ / "none").error().code, Code::not_found);
    EXPECT_EQ(files_->read(root_).error().code, Code::invalid);
    EXPECT_EQ(files_->read(root_ / "none").error().message,
              "cannot open '" + (root_ / "none").string() + "': no such file or directory");
}

TEST_F(FileSystemTest, MeasuresTheDiskOfWhatIsNotThereYet) {
    const auto here = files_->space(root_);
    const auto later = files_->space(root_ / "not/yet/there");
    ASSERT_TRUE(here && later);
    EXPECT_GT(here->total, here->free);
    EXPECT_GT(here->free_inodes, 0U);
    EXPECT_EQ(here->device, later->device);
    EXPECT_EQ(here->total, later->total);
}

TEST_F(FileSystemTest, WritesAtomicallyWithTheStatedMode) {
    ::umask(077);
    ASSERT_TRUE(files_->write(root_ / "file", "one", 0644));
    ::umask(022);
    EXPECT_EQ(about(root_ / "file").st_mode & 07777U, 0644U);
    const auto before = about(root_ / "file").st_ino;
    fs::create_hard_link(root_ / "file", root_ / "old");
    ASSERT_TRUE(files_->write(root_ / "file", "two", 0600));
    EXPECT_EQ(content_of(root_ / "file"), "two");
    EXPECT_EQ(content_of(root_ / "old"), "one") << "written over in place";
    EXPECT_NE(about(root_ / "file").st_ino, before);
    EXPECT_EQ(about(root_ / "file").st_mode & 07777U, 0600U);
    EXPECT_EQ(names(), (std::vector<std::string>{"file", "old"})) << "a temporary was left behind";
}

TEST_F(FileSystemTest, AWriteThatFailsLeavesEverythingAsItWas) {
    fs::create_directory(root_ / "dir");
    EXPECT_EQ(files_->write(root_ / "dir", "x", 0600).error().code, Code::invalid);
    EXPECT_EQ(files_->write(root_ / "none/file", "x", 0600).error().code, Code::not_found);
    EXPECT_EQ(files_->write("relative", "x", 0600).error().code, Code::invalid);
    EXPECT_EQ(files_->write(root_ / std::string(300, 'n'), "x", 0600).error().code, Code::invalid);
    EXPECT_EQ(names(), std::vector<std::string>{"dir"});
}

TEST_F(FileSystemTest, MakesFoldersAllTheWayDown) {
    ASSERT_TRUE(files_->make_folders(root_ / "a/b/c/", 0750));
    EXPECT_EQ(about(root_ / "a/b").st_mode & 07777U, 0750U);
    ::chmod((root_ / "a").c_str(), 0711);
    ASSERT_TRUE(files_->make_folders(root_ / "a/b/c", 0700));
    EXPECT_EQ(about(root_ / "a").st_mode & 07777U, 0711U) << "what is there stays as it is";
    EXPECT_EQ(about(root_ / "a/b/c").st_mode & 07777U, 0750U);
    folder_.put("file", "");
    EXPECT_EQ(files_->make_folders(root_ / "file/x", 0700).error().code, Code::invalid);
    auto anywhere = make_filesystem();
    ASSERT_TRUE(anywhere->make_folders(root_ / "d/e", 0700));
    ASSERT_TRUE(anywhere->make_folders(root_, 0700));
    auto below = make_filesystem(root_ / "new/root");
    ASSERT_TRUE(below->make_folders(root_ / "new/root", 0755)) << "the root itself may be made";
    ASSERT_TRUE(below->make_folders(root_ / "new/root/x", 0755));
    EXPECT_TRUE(fs::is_directory(root_ / "new/root/x"));
}

TEST_F(FileSystemTest, PointsAndPointsAnew) {
    ASSERT_TRUE(files_->point(root_ / "current", "releases/a"));
    EXPECT_EQ(fs::read_symlink(root_ / "current"), "releases/a");
    ASSERT_TRUE(files_->point(root_ / "current", "releases/b"));
    EXPECT_EQ(fs::read_symlink(root_ / "current"), "releases/b");
    EXPECT_EQ(names(), std::vector<std::string>{"current"});
    folder_.put("file", "precious");
    fs::create_directory(root_ / "dir");
    EXPECT_EQ(files_->point(root_ / "file", "x").error().code, Code::refused);
    EXPECT_EQ(files_->point(root_ / "dir", "x").error().code, Code::refused);
    EXPECT_EQ(content_of(root_ / "file"), "precious");
    EXPECT_EQ(names(), (std::vector<std::string>{"current", "dir", "file"}));
}

TEST_F(FileSystemTest, ThePointerIsValidAtEveryInstant) {
    fs::create_directories(root_ / "releases/a");
    fs::create_directories(root_ / "releases/b");
    ASSERT_TRUE(files_->point(root_ / "current", "releases/a"));
    bool stop = false;
    int missed = 0;
    std::thread reader([&] {
        while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
            struct stat found {};
            missed += ::stat((root_ / "current").c_str(), &found) == 0 ? 0 : 1;
        }
    });
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(files_->point(root_ / "current", i % 2 == 0 ? "releases/b" : "releases/a"));
    __atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
    reader.join();
    EXPECT_EQ(missed, 0);
}

TEST_F(FileSystemTest, RenamesOntoNothingOnly) {
    folder_.put("a", "a");
    folder_.put("b", "b");
    EXPECT_EQ(files_->rename(root_ / "a", root_ / "b").error().code, Code::conflict);
    EXPECT_EQ(content_of(root_ / "b"), "b");
    ASSERT_TRUE(files_->rename(root_ / "a", root_ / "c"));
    EXPECT_EQ(content_of(root_ / "c"), "a");
    EXPECT_EQ(files_->rename(root_ / "a", root_ / "d").error().code, Code::not_found);
    fs::create_directory(root_ / "empty");
    fs::create_directory(root_ / "dir");
    EXPECT_EQ(files_->rename(root_ / "dir", root_ / "empty").error().code, Code::conflict) << "rename(2) alone would replace it";
    if (auto elsewhere = make_filesystem(); files_->info("/dev/shm")->device != files_->info(root_)->device) {
        const auto target = Path("/dev/shm") / root_.filename();
        EXPECT_EQ(elsewhere->rename(root_ / "dir", target).error().code, Code::invalid);
    }
}

TEST_F(FileSystemTest, ExchangesTwoNames) {
    folder_.put("a", "a");
    fs::create_directory(root_ / "b");
    ASSERT_TRUE(files_->exchange(root_ / "a", root_ / "b"));
    EXPECT_TRUE(fs::is_directory(root_ / "a"));
    EXPECT_EQ(content_of(root_ / "b"), "a");
    EXPECT_EQ(files_->exchange(root_ / "a", root_ / "none").error().code, Code::not_found);
}

TEST_F(FileSystemTest, RemovesATreeOfEverything) {
    fs::create_directories(root_ / "tree/a/b");
    folder_.put("tree/a/file", "x", 0400);
    fs::create_symlink("/nonexistent", root_ / "tree/dangling");
    ASSERT_EQ(::mkfifo((root_ / "tree/fifo").c_str(), 0600), 0);
    for (int i = 0; i < 1200; ++i) folder_.put("tree/a/b/" + std::to_string(i) + "\n", "");
    ASSERT_TRUE(files_->remove_tree(root_ / "tree"));
    ASSERT_TRUE(files_->remove_tree(root_ / "tree")) << "missing is fine";
    ASSERT_TRUE(files_->remove_tree(root_ / "no/such/way"));
    folder_.put("file", "");
    ASSERT_TRUE(files_->remove_tree(root_ / "file"));
    EXPECT_TRUE(names().empty());
}

// Root needs no permission bits, so the work is done as an ordinary user in either case.
TEST_F(FileSystemTest, RemovesFoldersWithoutWritePermission) {
    ::chmod(root_.c_str(), 0777);
    apart([&] {
        ASSERT_TRUE(::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0);
        fs::create_directories(root_ / "tree/a/b");
        folder_.put("tree/a/b/file", "x");
        ::chmod((root_ / "tree/a/b").c_str(), 0000);
        ::chmod((root_ / "tree/a").c_str(), 0500);
        ::chmod((root_ / "tree").c_str(), 0500);
        const auto removed = files_->remove_tree(root_ / "tree");
        EXPECT_TRUE(removed) << removed.error().text();
        EXPECT_FALSE(fs::exists(root_ / "tree"));
    });
}

TEST_F(FileSystemTest, DepthCostsNoDescriptors) {
    apart([&] {
        const rlimit few{256, 256};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        ASSERT_EQ(::mkdir((root_ / "tree").c_str(), 0700), 0);
        int at = ::open((root_ / "tree").c_str(), O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 700; ++i) {
            ASSERT_EQ(::mkdirat(at, "deeper", 0700), 0);
            const int next = ::openat(at, "deeper", O_RDONLY | O_DIRECTORY);
            ::close(::openat(at, "file", O_WRONLY | O_CREAT, 0600));
            ::close(at);
            at = next;
        }
        ::close(at);
        const auto removed = files_->remove_tree(root_ / "tree");
        EXPECT_TRUE(removed) << removed.error().text();
        EXPECT_FALSE(fs::exists(root_ / "tree"));
    });
}

TEST_F(FileSystemTest, SyncsAndSaysWhenItCannot) {
    EXPECT_TRUE(files_->sync_tree(root_));
    EXPECT_EQ(files_->sync_tree(root_ / "none").error().code, Code::not_found);
}

// Root gives what it makes to the owner; anybody else owns what he makes, and can't give it away.
TEST_F(FileSystemTest, WhatIsMadeBelongsToItsOwner) {
    const bool root = ::geteuid() == 0;
    const Owner nobody{"nobody"};
    if (!root) {
        EXPECT_EQ(files_->write(root_ / "file", "x", 0600, nobody).error().code, Code::permission);
        EXPECT_EQ(files_->make_folders(root_ / "dir", 0700, nobody).error().code, Code::permission);
        EXPECT_EQ(files_->point(root_ / "link", "x", nobody).error().code, Code::permission);
        EXPECT_TRUE(names().empty());
        EXPECT_TRUE(files_->write(root_ / "file", "x", 0600, {current_user().name}));
        return;
    }
    const auto user = *find_user("nobody");
    ASSERT_TRUE(files_->write(root_ / "file", "x", 0600, nobody));
    ASSERT_TRUE(files_->make_folders(root_ / "dir/deep", 0700, nobody));
    ASSERT_TRUE(files_->point(root_ / "link", "/etc/passwd", nobody));
    for (const char* name : {"file", "dir", "dir/deep", "link"}) {
        EXPECT_EQ(about(root_ / name).st_uid, user.uid) << name;
        EXPECT_EQ(about(root_ / name).st_gid, user.gid) << name;
    }
    EXPECT_EQ(about("/etc/passwd").st_uid, 0U) << "the link's target is not touched";
    EXPECT_EQ(files_->write(root_ / "other", "x", 0600, {"uprev-no-such-user"}).error().code, Code::not_found);
    EXPECT_FALSE(fs::exists(root_ / "other"));
}

}  // namespace
}  // namespace uprev::os
