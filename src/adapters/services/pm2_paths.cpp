// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_paths.hpp"

#include "adapters/services/running_from.hpp"

namespace uprev {

Pm2Paths::Pm2Paths(const SiteFile& site)
    : root_(site.root),
      real_root_(resolved(root_)),
      pointer_(root_ / site.current),
      real_pointer_(real_root_ / site.current),
      releases_(root_ / site.releases),
      real_releases_(resolved(releases_)) {}

bool Pm2Paths::follows(const os::Path& path) const { return within(path, pointer_) || within(path, real_pointer_); }

bool Pm2Paths::in_releases(const os::Path& path) const { return within(path, releases_) || within(path, real_releases_); }

bool Pm2Paths::foreign(const os::Path& cwd, const os::Path& script) const {
    const auto ours = [&](const os::Path& path) { return within(path, root_) || within(path, real_root_) || in_releases(path); };
    return !ours(cwd) && !ours(script);
}

bool Pm2Paths::foreign(const Pm2Worker& worker) const { return foreign(os::Path(worker.cwd), os::Path(worker.script)); }

std::string Pm2Paths::trap(const Pm2Worker& worker) const {
    if (in_releases(worker.script) || in_releases(worker.cwd)) {
        const auto& path = in_releases(worker.script) ? worker.script : worker.cwd;
        return "started from the resolved path '" + path +
               "': a reload would keep the old release, so it will be deleted and started again";
    }
    return {};
}

std::string Pm2Paths::problem(const Pm2Worker& worker, const std::string& folder) const {
    if (auto found = trap(worker); !found.empty()) return found;
    if (!folder.empty() && !same(worker.cwd, pointer_ / folder))
        return "its folder is '" + worker.cwd + "', not '" + (pointer_ / folder).string() + "'";
    if (!follows(worker.script) && !follows(worker.cwd))
        return "neither its folder '" + worker.cwd + "' nor its script leads through '" + pointer_.string() + "'";
    if (!worker.cluster) return "runs in fork mode: each reload is an outage";
    return {};
}

bool Pm2Paths::same(const os::Path& a, const os::Path& b) const {
    const auto left = a.lexically_normal();
    const auto right = b.lexically_normal();
    if (left == right) return true;
    return follows(left) && follows(right) && resolved(left) == resolved(right);
}

bool Pm2Paths::runs(const os::Path& folder, const os::Path& release) const {
    return !in_releases(folder) || within(folder, release) || within(folder, resolved(release));
}

os::Path Pm2Paths::through_pointer(const os::Path& path) const {
    for (const auto& base : {releases_, real_releases_}) {
        if (!within(path, base)) continue;
        const auto below = path.lexically_relative(base);  // RELEASE/rest…
        auto result = pointer_;
        for (auto part = std::next(below.begin()); part != below.end(); ++part) result /= *part;
        return result;
    }
    return path;
}

}  // namespace uprev
