// SPDX-License-Identifier: Apache-2.0
#include "crash/oracle.hpp"

#include <algorithm>

namespace uprev::sim {

namespace {
bool contains(const std::vector<std::string>& rows, const std::string& row) {
    return std::find(rows.begin(), rows.end(), row) != rows.end();
}
}  // namespace

std::vector<std::string> violations(const World& w, bool stopped, bool copies_may_stay) {
    std::vector<std::string> out;
    const auto target = w.pointer_target();
    if (w.live.count(target) == 0) out.push_back("the pointer leads nowhere: '" + target + "'");
    if (w.live != w.disk) {
        for (const auto& [path, node] : w.live)
            if (path.starts_with(target + "/") && w.disk.count(path) == 0) out.push_back("active file not on disk: " + path);
    }
    const auto* active = w.behaviour_of(target);
    if (active == nullptr || w.live.count(target + "/built") == 0)
        out.push_back("the pointer leads to half a release: " + target);
    for (const auto& [name, service] : w.services) {
        if (service.running && service.folder != target)
            out.push_back(name + " runs from " + service.folder + ", not from the pointer's " + target);
        const auto code = w.releases.find(service.version);
        if (service.running && (code == w.releases.end() || code->second.reads.count(w.data.schema) == 0))
            out.push_back(name + " " + service.version + " runs on schema " + w.data.schema + ", which it can't read");
        if (!service.running && !stopped) out.push_back(name + " is down");
    }
    for (const auto& row : w.acknowledged)
        if (!contains(w.data.rows, row)) out.push_back("acknowledged " + row + " is gone");
    for (const auto& [path, node] : w.live)
        if (path.find("/.staging.") != std::string::npos) out.push_back("left behind: " + path);
    if (!w.unfinished.empty()) out.push_back("a command still runs");
    if (stopped) return out;
    if (!w.guard.empty()) out.push_back("the guard is still set");
    if (!w.fence.empty()) out.push_back("the database is still fenced");
    for (const auto& mark : copies_may_stay ? std::set<std::string>() : w.copies)
        out.push_back("a proven copy of the database is left: " + mark);
    if (active != nullptr && !active->healthy) out.push_back("an unhealthy release is active");
    return out;
}

std::string fingerprint(const World& w) {
    std::string out = w.pointer_target() + "|" + w.data.schema + "|" + w.fence + "|" + w.guard;
    for (const auto& [path, node] : w.live) out += "|" + path + "=" + node.content;
    for (const auto& [name, s] : w.services) out += "|" + name + (s.running ? " up " : " down ") + s.version;
    for (const auto& [path, data] : w.dumps) out += "|" + path;
    return out;
}

}  // namespace uprev::sim
