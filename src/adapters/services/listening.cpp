// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/listening.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.hpp"

namespace uprev {
namespace {

constexpr std::string_view listen_state = "0A";

int number(std::string_view text, int base) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// inode -> port of each listening socket. Columns: sl local_address rem_address st … inode (proc(5)).
std::map<std::string, int> listeners() {
    std::map<std::string, int> found;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        for (std::string line; std::getline(in, line);) {
            const auto words = split_words(line);
            if (words.size() < 10 || words[3] != listen_state) continue;
            const auto colon = words[1].rfind(':');
            if (colon != std::string::npos) found[words[9]] = number(std::string_view(words[1]).substr(colon + 1), 16);
        }
    }
    return found;
}

int port_of(const std::string& url) {
    const auto scheme = url.find("://");
    const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
    const auto host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
    const auto colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos)
        return number(std::string_view(host).substr(colon + 1), 10);
    return url.starts_with("https:") ? 443 : 80;
}

}  // namespace

std::set<int> listened_ports(const std::vector<int>& pids) {
    const auto sockets = listeners();
    std::set<int> ports;
    for (const int pid : pids) {
        std::error_code failed;
        std::filesystem::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", failed);
        for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
            std::error_code closed;
            const auto target = std::filesystem::read_symlink(entry->path(), closed).string();
            if (!target.starts_with("socket:[")) continue;
            const auto found = sockets.find(target.substr(8, target.size() - 9));
            if (found != sockets.end()) ports.insert(found->second);
        }
    }
    return ports;
}

std::set<int> health_ports(const ServiceSpec& service) {
    std::set<int> ports;
    for (const auto& probe : service.health) {
        if (probe.kind == "http") ports.insert(port_of(probe.url));
        if (probe.kind == "tcp") ports.insert(port_of(probe.address));
    }
    return ports;
}

}  // namespace uprev
