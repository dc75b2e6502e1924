// SPDX-License-Identifier: Apache-2.0
// Files and races: planted symlinks, predictable names, folders replaced in the middle, full and read-only disks.
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "os/identity.hpp"
#include "os/linux.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

namespace fs = std::filesystem;

class HostileFilesTest : public ::testing::Test {
   protected:
    void SetUp() override {
        fs::create_directories(root_);
        fs::create_directories(outside_);
        std::ofstream(outside_ / "precious") << "precious";
    }
    void expect_outside_untouched() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(outside_)) names.insert(entry.path().filename());
        EXPECT_EQ(names, std::set<std::string>{"precious"});
        EXPECT_EQ(content_of(outside_ / "precious"), "precious");
    }
    // Swaps two names as fast as it can, as an attacker would, while `work` runs.
    static void while_swapping(const Path& a, const Path& b, const std::function<void()>& work) {
        std::atomic<bool> stop{false};
        std::atomic<int> swaps{0};
        std::thread attacker([&] {
            while (!stop)
                if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) ++swaps;
        });
        work();
        stop = true;
        attacker.join();
        EXPECT_GT(swaps, 10) << "nothing was tried";
    }

    TestFolder folder_;
    Path root_ = folder_.path() / "root";
    Path outside_ = folder_.path() / "outside";
    std::unique_ptr<FileSystem> files_ = make_filesystem(root_);
};

TEST_F(HostileFilesTest, ASymlinkWhereWeWriteIsReplacedNotFollowed) {
    fs::create_symlink(outside_ / "precious", root_ / "file");
    ASSERT_TRUE(files_->write(root_ / "file", "ours", 0600));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(root_ / "file")));
    expect_outside_untouched();
}

TEST_F(HostileFilesTest, ASymlinkThatIsRemovedLeavesItsTarget) {
    fs::create_directory_symlink(outside_, root_ / "link");
    fs::create_directories(root_ / "tree");
    fs::create_directory_symlink(outside_, root_ / "tree/link");
    ASSERT_TRUE(files_->remove_tree(root_ / "link"));
    ASSERT_TRUE(files_->remove_tree(root_ / "tree"));
    EXPECT_TRUE(fs::is_empty(root_));
    expect_outside_untouched();
}

// Root is confined to the installation's root; an ordinary user may have linked his own folders as he likes.
TEST_F(HostileFilesTest, ASymlinkOnTheWayStopsRoot) {
    fs::create_directory_symlink(outside_, root_ / "releases");
    if (::geteuid() != 0) {
        ASSERT_TRUE(files_->write(root_ / "releases/x", "ours", 0600));
        EXPECT_EQ(content_of(outside_ / "x"), "ours");
        return;
    }
    const std::vector<Result<>> results{files_->write(root_ / "releases/x", "ours", 0600),
                                        files_->make_folders(root_ / "releases/x", 0700),
                                        files_->make_folders(root_ / "releases/x/y", 0700),
                                        files_->point(root_ / "releases/x", "y"),
                                        files_->rename(root_ / "releases/precious", root_ / "stolen"),
                                        files_->remove_tree(root_ / "releases/precious"),
                                        files_->exchange(root_ / "releases/precious", root_ / "releases")};
    for (const auto& result : results) {
        ASSERT_FALSE(result);
        EXPECT_TRUE(result.error().code == Code::refused || result.error().code == Code::invalid) << result.error().text();
    }
    expect_outside_untouched();
}

TEST_F(HostileFilesTest, DotDotDoesNotLeaveTheRoot) {
    // Written out, such a path simply names another place: then the confinement is not meant.
    ASSERT_TRUE(files_->write(root_ / "a/../b", "x", 0600));
    EXPECT_TRUE(fs::exists(root_ / "b"));
    EXPECT_FALSE(files_->write("/", "x", 0600));
    EXPECT_FALSE(files_->remove_tree("/"));
    EXPECT_FALSE(files_->remove_tree(""));
    EXPECT_FALSE(files_->remove_tree("root"));
}

TEST_F(HostileFilesTest, TemporaryNamesCannotBeForeseen) {
    const int watch = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ASSERT_GE(::inotify_add_watch(watch, root_.c_str(), IN_CREATE), 0);
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(files_->write(root_ / "file", "x", 0600));
        ASSERT_TRUE(files_->point(root_ / "link", "x"));
    }
    std::set<std::string> seen;
    alignas(inotify_event) char events[65536];
    const ssize_t size = ::read(watch, events, sizeof events);
    for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(events + at);
        seen.insert(event->name);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    ::close(watch);
    EXPECT_EQ(seen.size(), 40U) << "a name was used twice, or the final one was written to directly";
    for (const auto& name : seen) EXPECT_GE(name.size(), 16U) << name;
}

TEST_F(HostileFilesTest, AFifoDoesNotMakeUsWait) {
    ASSERT_EQ(::mkfifo((root_ / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(files_->read(root_ / "fifo").error().code, Code::refused);
    EXPECT_EQ(files_->read("/dev/null").error().code, Code::refused);
}

TEST_F(HostileFilesTest, AFolderReplacedInTheMiddleOfRemovalIsNotFollowed) {
    for (int round = 0; round < 15; ++round) {
        fs::create_directories(root_ / "tree/dir");
        for (int i = 0; i < 200; ++i) std::ofstream(root_ / "tree/dir" / std::to_string(i)) << "";
        fs::create_directory_symlink(outside_, folder_.path() / "decoy");
        std::atomic<bool> stop{false};
        std::thread attacker([&] {
            while (!stop)
                ::renameat2(AT_FDCWD, (root_ / "tree/dir").c_str(), AT_FDCWD, (folder_.path() / "decoy").c_str(),
                            RENAME_EXCHANGE);
        });
        (void)files_->remove_tree(root_ / "tree");
        stop = true;
        attacker.join();
        fs::remove_all(root_ / "tree");
        fs::remove_all(folder_.path() / "decoy");
        expect_outside_untouched();
    }
}

// Root against a user who owns the folder: what is written lands in the root or nowhere. An ordinary user has nobody to fear there.
TEST_F(HostileFilesTest, AParentReplacedInTheMiddleOfAWriteLeadsNowhere) {
    fs::create_directories(root_ / "dir");
    if (::geteuid() != 0) {
        ASSERT_TRUE(files_->write(root_ / "dir/file", "x", 0600));
        return;
    }
    fs::create_directory_symlink(outside_, root_ / "decoy");
    int written = 0;
    while_swapping(root_ / "dir", root_ / "decoy", [&] {
        for (int i = 0; i < 300; ++i) {
            written += files_->write(root_ / "dir/file", "x", 0600) ? 1 : 0;
            written += files_->make_folders(root_ / "dir/sub/sub", 0700) ? 1 : 0;
            written += files_->point(root_ / "dir/link", "x") ? 1 : 0;
        }
    });
    EXPECT_GT(written, 0);
    EXPECT_LT(written, 900) << "the attacker never won, so nothing was shown";
    expect_outside_untouched();
}

// A user who swaps what root has just made for something of root's must not get it.
TEST_F(HostileFilesTest, OwnershipIsGivenOnlyToWhatWasMade) {
    if (::geteuid() != 0) {
        EXPECT_EQ(files_->make_folders(root_ / "x", 0700, {"nobody"}).error().code, Code::permission);
        return;
    }
    fs::create_directories(root_ / "of-root");
    std::ofstream(root_ / "of-root/secret") << "secret";
    const Owner nobody{"nobody"};
    for (int round = 0; round < 300; ++round) {
        std::atomic<bool> stop{false};
        std::thread attacker([&] {
            while (!stop)
                if (::renameat2(AT_FDCWD, (root_ / "new").c_str(), AT_FDCWD, (root_ / "of-root").c_str(), RENAME_EXCHANGE) == 0)
                    return;
        });
        (void)files_->make_folders(root_ / "new", 0755, nobody);
        stop = true;
        attacker.join();
        const bool swapped = fs::exists(root_ / "new/secret");
        struct stat about {};
        ASSERT_EQ(::stat((swapped ? root_ / "new" : root_ / "of-root").c_str(), &about), 0);
        ASSERT_EQ(about.st_uid, 0U) << "a folder of root's was given away";
        if (swapped) ::renameat2(AT_FDCWD, (root_ / "new").c_str(), AT_FDCWD, (root_ / "of-root").c_str(), RENAME_EXCHANGE);
        fs::remove_all(root_ / "new");
    }
}

// As root, or as root of a user namespace; where neither can be had, a read-only folder is what an ordinary user meets.
TEST_F(HostileFilesTest, AFullDiskChangesNothing) {
    apart([&] {
        const auto disk = root_ / "disk";
        fs::create_directories(disk);
        if (!private_mounts() || !mount_small_disk(disk, "size=128k,nr_inodes=30")) {
            ASSERT_TRUE(files_->write(disk / "file", "old", 0600));
            ::chmod(disk.c_str(), 0500);
            EXPECT_EQ(files_->write(disk / "file", "new", 0600).error().code, Code::permission);
            EXPECT_EQ(content_of(disk / "file"), "old");
            ::chmod(disk.c_str(), 0700);
            return;
        }
        ASSERT_TRUE(files_->write(disk / "file", "old", 0600));
        fill(disk);
        EXPECT_EQ(files_->write(disk / "file", std::string(9000, 'n'), 0600).error().code, Code::exhausted);
        EXPECT_EQ(content_of(disk / "file"), "old");
        EXPECT_EQ(files_->list(disk)->size(), 2U) << "the temporary was left behind";
        fs::remove(disk / "filler");
        ASSERT_TRUE(files_->write(disk / "file", "new", 0600));
        while (::mkdir((disk / ("inode" + std::to_string(::random()))).c_str(), 0700) == 0) {
        }
        const auto written = files_->write(disk / "file", "newer", 0600);
        EXPECT_EQ(written.error().code, Code::exhausted);
        EXPECT_NE(written.error().hint.find("inodes"), std::string::npos);
        EXPECT_EQ(files_->point(disk / "current", "x").error().code, Code::exhausted);
        EXPECT_EQ(files_->make_folders(disk / "a/b", 0700).error().code, Code::exhausted);
        EXPECT_EQ(content_of(disk / "file"), "new");
    });
}

TEST_F(HostileFilesTest, AReadOnlyDiskIsNamed) {
    apart([&] {
        const auto disk = root_ / "disk";
        fs::create_directories(disk);
        const bool mounted = private_mounts() && mount_small_disk(disk, "size=128k");
        ASSERT_TRUE(files_->write(disk / "file", "old", 0600));
        ASSERT_TRUE(files_->make_folders(disk / "tree", 0700));
        ASSERT_EQ(
            mounted ? ::mount(nullptr, disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) : ::chmod(disk.c_str(), 0500), 0);
        for (const auto& result : {files_->write(disk / "file", "new", 0600), files_->point(disk / "link", "x"),
                                   files_->make_folders(disk / "x", 0700), files_->rename(disk / "file", disk / "other")}) {
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().code, Code::permission) << result.error().text();
            EXPECT_EQ(result.error().message.find("read-only file system") != std::string::npos, mounted);
        }
        EXPECT_EQ(content_of(disk / "file"), "old");
        EXPECT_EQ(files_->remove_tree(disk / "tree").has_value(), !mounted)
            << "a folder of one's own may be made writable, a disk may not";
        ::chmod(disk.c_str(), 0700);
    });
}

TEST_F(HostileFilesTest, AMountIsNotEmptied) {
    apart([&] {
        fs::create_directories(root_ / "tree/uploads");
        const auto bound = root_ / "tree/bound";
        fs::create_directories(bound);
        if (!private_mounts()) {
            // Without a mount of one's own there is still the machine's: it is on another file system than what is removed.
            EXPECT_FALSE(files_->remove_tree("/proc"));
            return;
        }
        ASSERT_TRUE(mount_small_disk(root_ / "tree/uploads", "size=64k"));
        std::ofstream(root_ / "tree/uploads/cat.png") << "cat";
        const auto removed = files_->remove_tree(root_ / "tree");
        ASSERT_FALSE(removed);
        EXPECT_NE(removed.error().message.find("tree/uploads"), std::string::npos) << removed.error().text();
        EXPECT_EQ(content_of(root_ / "tree/uploads/cat.png"), "cat");
        // A bind mount has the same device number, and is a mount all the same.
        fs::create_directories(bound);
        ASSERT_EQ(::mount(outside_.c_str(), bound.c_str(), nullptr, MS_BIND, nullptr), 0);
        ASSERT_EQ(::umount2((root_ / "tree/uploads").c_str(), MNT_DETACH), 0);
        EXPECT_EQ(files_->remove_tree(root_ / "tree").error().code, Code::refused);
        EXPECT_EQ(files_->remove_tree(bound).error().code, Code::refused);
        expect_outside_untouched();
    });
}

}  // namespace
}  // namespace uprev::os
