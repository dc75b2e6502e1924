// SPDX-License-Identifier: Apache-2.0
// A network of its own for one test: a child process in fresh network and mount namespaces whose loopback device also carries
// "public" addresses, with a hosts file that the test may rewrite. Nothing of it is seen outside, and nothing outside can be reached.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

namespace uprev::test {

class SmallWorld {
   public:
    explicit SmallWorld(const std::string& folder) : hosts_(folder + "/hosts") {}

    void hosts(const std::string& text) const { std::ofstream(hosts_, std::ios::trunc) << text; }

    // Runs `work` inside, in a child; its failed expectations fail the test. REQUIRES: no other thread runs.
    void run(const std::function<void()>& work) const {
        hosts("127.0.0.1 localhost\n");
        fflush(nullptr);
        const pid_t child = fork();
        if (child == 0) {
            enter();
            if (!testing::Test::HasFailure()) work();
            fflush(nullptr);
            _exit(testing::Test::HasFailure() ? 1 : 0);
        }
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the test failed inside its own network, see above";
    }

   private:
    static void write_file(const char* path, const std::string& text) {
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        ASSERT_EQ(static_cast<ssize_t>(text.size()), write(fd, text.data(), text.size())) << path;
        close(fd);
    }

    void enter() const {
        const auto uid = std::to_string(geteuid());
        const auto gid = std::to_string(getegid());
        const bool root = geteuid() == 0;
        ASSERT_EQ(0, unshare(CLONE_NEWNET | CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER))) << strerror(errno);
        if (!root) {
            write_file("/proc/self/setgroups", "deny");
            write_file("/proc/self/uid_map", "0 " + uid + " 1");
            write_file("/proc/self/gid_map", "0 " + gid + " 1");
        }
        ASSERT_EQ(0, mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)) << strerror(errno);
        ASSERT_EQ(0, mount(hosts_.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr)) << strerror(errno);
        set_address("lo", "127.0.0.1");
        set_address("lo:1", "11.0.0.1");
        set_address("lo:2", "11.0.0.2");
    }

    static void set_address(const char* device, const char* address) {
        const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ifreq request{};
        std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        inet_pton(AF_INET, address, &at.sin_addr);
        std::memcpy(&request.ifr_addr, &at, sizeof at);
        ASSERT_EQ(0, ioctl(fd, SIOCSIFADDR, &request)) << strerror(errno);
        request.ifr_flags = IFF_UP | IFF_RUNNING;
        ASSERT_EQ(0, ioctl(fd, SIOCSIFFLAGS, &request)) << strerror(errno);
        close(fd);
    }

    std::string hosts_;
};

}  // namespace uprev::test
