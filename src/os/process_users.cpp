// SPDX-License-Identifier: Apache-2.0
// users_of: which processes still hold a path, from /proc.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/identity.hpp"

namespace uprev::os {

namespace {
std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    DIR* handle = ::opendir(folder.c_str());
    if (handle == nullptr) return names;
    while (const dirent* entry = ::readdir(handle)) names.emplace_back(entry->d_name);
    ::closedir(handle);
    return names;
}

bool at_or_below(std::string_view held, std::string_view path) {
    return held.starts_with(path) &&
           (path == "/" || held.size() == path.size() || held[path.size()] == '/' || held.substr(path.size()) == " (deleted)");
}

bool link_leads_to(const std::string& link, std::string_view path) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    return size > 0 && at_or_below({target, static_cast<std::size_t>(size)}, path);
}

bool maps(const std::string& process, std::string_view path) {
    const std::string text = read_small((process + "/maps").c_str());
    for (const auto& line : split(text, '\n')) {
        const auto slash = line.find('/');
        if (slash != std::string::npos && at_or_below(std::string_view(line).substr(slash), path)) return true;
    }
    return false;
}

bool holds(const std::string& process, std::string_view path) {
    for (const char* link : {"/cwd", "/root", "/exe"})
        // Every process has "/" as its root: that holds nothing.
        if ((path != "/" || std::string_view(link) != "/root") && link_leads_to(process + link, path)) return true;
    const std::string open = process + "/fd";
    const auto names = names_in(open);
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return link_leads_to(open + "/" + name, path); }) ||
           maps(process, path);
}
}  // namespace

std::vector<int> users_of(const Path& path) {
    std::error_code ignored;
    const Path real = std::filesystem::weakly_canonical(path, ignored);
    std::string wanted = (real.empty() ? path : real).lexically_normal().string();
    if (wanted.size() > 1 && wanted.back() == '/') wanted.pop_back();
    std::vector<int> pids;
    for (const auto& name : names_in("/proc")) {
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const int pid = std::atoi(name.c_str());
        if (pid != ::getpid() && holds("/proc/" + name, wanted)) pids.push_back(pid);
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

}  // namespace uprev::os
