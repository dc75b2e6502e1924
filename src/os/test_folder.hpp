// SPDX-License-Identifier: Apache-2.0
// For this folder's tests: a temporary folder that removes itself, file contents, a look for processes by command line,
// and work in a process of its own (to be killed, to be another user, or to mount what the machine must not see).
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace uprev::os {

class TestFolder {
   public:
    TestFolder() {
        char name[] = "/tmp/uprev-os-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    std::filesystem::path put(const std::string& name, const std::string& text, unsigned mode = 0644) const {
        const auto file = path_ / name;
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }

   private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& file) {
    std::stringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

// Process ids other than ours whose command line (words end in NUL) holds `text`.
inline std::vector<int> commands_matching(std::string_view text) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (std::isdigit(static_cast<unsigned char>(name[0])) == 0 || std::stoi(name) == ::getpid()) continue;
        if (content_of(entry.path() / "cmdline").find(text) != std::string::npos) out.push_back(std::stoi(name));
    }
    return out;
}

// Until `holds`, at most five seconds.
inline bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

inline pid_t in_background(const std::function<void()>& work) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    work();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
}
inline void kill_and_wait(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

// Runs `work` in a process of its own; its expectations count.
inline void apart(const std::function<void()>& work) {
    const pid_t pid = in_background(work);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see the failure above";
}

// In a process with mounts of its own (an ordinary user is root of a user namespace there). false: the machine does not allow it.
inline bool private_mounts() {
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    if (::unshare(CLONE_NEWNS | (uid != 0 ? CLONE_NEWUSER : 0)) != 0) return false;
    const auto put = [](const char* file, const std::string& text) { std::ofstream(file) << text; };
    if (uid != 0) {
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
        put("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
inline bool mount_small_disk(const std::filesystem::path& at, const char* options) {
    std::filesystem::create_directories(at);
    return ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
}
// Uses up what is left, to the last byte.
inline void fill(const std::filesystem::path& disk) {
    const int fd = ::open((disk / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    ::close(fd);
}

}  // namespace uprev::os
