// SPDX-License-Identifier: Apache-2.0
#include "os/identity.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "os/process_tree.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

TEST(Identity, KnowsThisProcessAndItsBoot) {
    const auto self = identify(::getpid());
    ASSERT_TRUE(self);
    EXPECT_EQ(self->pid, ::getpid());
    EXPECT_EQ(self->boot.size(), 36U);
    EXPECT_GT(self->start, 0U);
    EXPECT_TRUE(alive(*self));
    EXPECT_FALSE(alive({self->boot, self->pid, self->start + 1}));
    EXPECT_FALSE(alive({"another boot", self->pid, self->start}));
    EXPECT_FALSE(alive({self->boot, 0, self->start}));
    EXPECT_FALSE(identify(0x7ffffff0));
    EXPECT_FALSE(machine_id().empty());
}

TEST(Identity, AZombieIsNotAlive) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    const auto zombie = identify(child);
    ASSERT_TRUE(zombie);
    EXPECT_TRUE(eventually([&] { return !alive(*zombie); }));
    EXPECT_TRUE(identify(child)) << "it is still there, to be waited for";
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(identify(child));
}

TEST(Identity, ANameWithParenthesesAndSpacesIsReadRightly) {
    TestFolder folder;
    const auto program = folder.path() / "a) R 1 1 (b";
    std::filesystem::copy_file("/bin/sleep", program);
    const pid_t child = in_background([&] { ::execl(program.c_str(), "x", "5", nullptr); });
    ProcessStat stat;
    ASSERT_TRUE(eventually([&] { return content_of("/proc/" + std::to_string(child) + "/comm").starts_with("a)"); }));
    ASSERT_TRUE(read_stat(child, stat));
    EXPECT_EQ(stat.pid, child);
    EXPECT_EQ(stat.parent, ::getpid());
    EXPECT_EQ(stat.session, ::getsid(0));
    EXPECT_EQ(stat.start, identify(child)->start);
    kill_and_wait(child);
}

TEST(Identity, FindsUsers) {
    const auto root = find_user("root");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->uid, 0U);
    EXPECT_EQ(root->home, "/root");
    EXPECT_EQ(find_user("")->uid, ::geteuid());
    EXPECT_EQ(current_user().uid, ::geteuid());
    for (const std::string name : {"uprev-no-such-user", "ro ot", "root\n", "../root"}) {
        ASSERT_FALSE(find_user(name)) << name;
        EXPECT_EQ(find_user(name).error().code, Code::not_found);
    }
}

// Root acts as another user on one thread, while the others stay root; anybody else is refused.
TEST(Identity, ActsAsAUserOnThisThreadAlone) {
    if (::geteuid() != 0) {
        EXPECT_EQ(as_user("root", [] { return Result<>(); }).error().code, Code::permission);
        EXPECT_TRUE(as_user(current_user().name, [] { return Result<>(); }));
        return;
    }
    const auto nobody = *find_user("nobody");
    const auto done = as_user("nobody", [&]() -> Result<> {
        EXPECT_EQ(::geteuid(), nobody.uid);
        EXPECT_EQ(::getegid(), nobody.gid);
        uid_t other = 1;
        std::thread([] {}).join();
        // A socket's peer sees the effective user: that is what a database's peer authentication asks for.
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        ucred peer{};
        socklen_t size = sizeof peer;
        EXPECT_EQ(::getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
        EXPECT_EQ(peer.uid, nobody.uid);
        ::close(ends[0]);
        ::close(ends[1]);
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
            other = task.path().filename() == std::to_string(::gettid()) ? other : 0;
        return fail(Code::failed, "as planned");
    });
    EXPECT_EQ(done.error().message, "as planned");
    EXPECT_EQ(::geteuid(), 0U);
    EXPECT_EQ(::getegid(), 0U);
    EXPECT_FALSE(as_user("uprev-no-such-user", [] { return Result<>(); }));

    uid_t seen = 1;
    bool acting = false;
    bool looked = false;
    std::thread actor([&] {
        (void)as_user("nobody", [&]() -> Result<> {
            __atomic_store_n(&acting, true, __ATOMIC_SEQ_CST);
            EXPECT_TRUE(eventually([&] { return __atomic_load_n(&looked, __ATOMIC_SEQ_CST); }));
            return {};
        });
    });
    EXPECT_TRUE(eventually([&] { return __atomic_load_n(&acting, __ATOMIC_SEQ_CST); }));
    seen = ::geteuid();
    __atomic_store_n(&looked, true, __ATOMIC_SEQ_CST);
    actor.join();
    EXPECT_EQ(seen, 0U) << "the other threads stayed root";
}

class UsersOfTest : public ::testing::Test {
   protected:
    pid_t user(const std::function<void()>& work) {
        pids_.push_back(in_background([&] {
            work();
            ::pause();
        }));
        return pids_.back();
    }
    void TearDown() override {
        for (const pid_t pid : pids_) kill_and_wait(pid);
    }
    bool uses(pid_t pid, const Path& path) {
        const auto pids = users_of(path);
        return std::find(pids.begin(), pids.end(), pid) != pids.end();
    }
    TestFolder folder_;
    std::vector<pid_t> pids_;
};

TEST_F(UsersOfTest, SeesEveryKindOfUse) {
    const auto release = folder_.path() / "release";
    std::filesystem::create_directories(release / "deep");
    std::ofstream(release / "file") << std::string(5000, 'x');
    std::filesystem::copy_file("/bin/sleep", release / "program");
    std::filesystem::create_directory_symlink(release, folder_.path() / "current");
    const pid_t cwd = user([&] { EXPECT_EQ(::chdir((folder_.path() / "current/deep").c_str()), 0); });
    const pid_t open = user([&] { EXPECT_GE(::open((release / "file").c_str(), O_RDONLY), 0); });
    const pid_t mapped = user([&] {
        const int fd = ::open((release / "file").c_str(), O_RDONLY);
        EXPECT_NE(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0), MAP_FAILED);
        ::close(fd);
    });
    const pid_t runs = user([&] { ::execl((release / "program").c_str(), "program", "60", nullptr); });
    const pid_t none = user([] {});
    for (const pid_t pid : {cwd, open, mapped, runs}) {
        EXPECT_TRUE(eventually([&] { return uses(pid, release); })) << pid;
        EXPECT_TRUE(uses(pid, folder_.path() / "current")) << "the pointer stands for what it leads to";
        EXPECT_FALSE(uses(pid, folder_.path() / "rel")) << "a name that only begins alike";
    }
    EXPECT_FALSE(uses(none, release));
    EXPECT_TRUE(uses(open, release / "file"));
    std::filesystem::remove(release / "file");
    EXPECT_TRUE(uses(open, release)) << "removed, but still open";
}

}  // namespace
}  // namespace uprev::os
