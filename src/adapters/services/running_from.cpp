// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/running_from.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "os/identity.hpp"

namespace uprev {

os::Path running_from(int pid) {
    std::error_code failed;
    auto folder = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", failed);
    return failed ? os::Path{} : folder;
}

bool alive(int pid) {
    if (pid <= 0) return false;
    const auto process = os::identify(pid);
    return process && os::alive(*process);
}

std::optional<std::chrono::milliseconds> age_of(int pid) {
    const auto process = os::identify(pid);
    timespec now{};
    if (!process || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0) return {};
    const auto started = std::chrono::milliseconds(process->start * 1'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
    return std::chrono::milliseconds(now.tv_sec * 1'000 + now.tv_nsec / 1'000'000) - started;
}

bool within(const os::Path& path, const os::Path& folder) {
    if (folder.empty()) return false;
    const auto [rest, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return rest == folder.end();
}

os::Path resolved(const os::Path& path) {
    std::error_code failed;
    auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real;
}

}  // namespace uprev
