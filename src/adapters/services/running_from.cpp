// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/running_from.hpp"

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

std::optional<os::Milliseconds> age_of(int pid, os::Milliseconds now) {
    const auto process = os::identify(pid);
    if (!process) return {};
    return now - os::started(*process);
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
