// SPDX-License-Identifier: Apache-2.0
#include "os/worker.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace uprev::os {

namespace {
std::atomic<int> stop_signals{0};  // a signal handler can reach nothing else

void on_stop(int) { stop_signals.fetch_add(1); }
}  // namespace

Result<int> start_worker(const std::vector<std::string>& argv, const Path& log) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_t pid = 0;
    const int code = posix_spawn(&pid, argv.front().c_str(), &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) return fail(Code::failed, "cannot start the worker '" + argv.front() + "': " + std::strerror(code));
    return static_cast<int>(pid);
}

std::optional<int> worker_ended(int pid) {
    int status = 0;
    const auto got = waitpid(pid, &status, WNOHANG);
    if (got == 0) return std::nullopt;
    if (got < 0) return 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ask_worker_to_stop(int pid) { kill(pid, SIGINT); }

Path own_executable() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error);
}

int own_pid() { return static_cast<int>(getpid()); }

StopRequest::StopRequest() {
    struct sigaction action {};
    action.sa_handler = on_stop;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
}

bool StopRequest::asked() const { return times() > 0; }
int StopRequest::times() const { return stop_signals.load(); }

}  // namespace uprev::os
