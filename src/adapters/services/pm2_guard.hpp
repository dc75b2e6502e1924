// SPDX-License-Identifier: Apache-2.0
// The guard: at boot PM2 starts what its dump lists (`pm2 resurrect`; dump.pm2, or dump.pm2.bak when the first is missing or broken),
// so the installation's apps are taken out of both. What was taken out lies beside them in dump.pm2.uprev-<mark>, 0600, written first;
// so a crash in between loses nothing, and each verb may be called again. Foreign apps' entries stay as they are.
//
// Format of the kept file: {"dump.pm2": [{"at": 3, "app": {…}}], "dump.pm2.bak": […]}; `at` is the place in the list.
// Upside: the guard needs no daemon and survives a reboot. Downside: a `pm2 save` in the meantime lists the apps as stopped; such
// entries are replaced when the guard is taken away.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class Pm2Guard {
   public:
    // `ours` tells an installation's entry of a dump from a foreign one.
    Pm2Guard(os::FileSystem& files, os::Path home, std::function<bool(const Json& entry)> ours)
        : files_(files), home_(std::move(home)), ours_(std::move(ours)) {}

    Result<> set(const std::string& mark);
    Result<> remove(const std::string& mark);
    // Rewrites entries of ours; `straighten` answers whether it changed one. For dumps that would start a resolved path at boot.
    Result<> rewrite(const std::function<bool(Json& entry)>& straighten);

   private:
    [[nodiscard]] os::Path kept_path(const std::string& mark) const { return home_ / ("dump.pm2.uprev-" + mark); }
    [[nodiscard]] Result<os::Descriptor> lock() const;
    Result<Json> read(const os::Path& path, Json otherwise) const;
    Result<> write(const os::Path& path, const Json& list, std::uint32_t otherwise_mode);

    os::FileSystem& files_;
    os::Path home_;
    std::function<bool(const Json&)> ours_;
};

}  // namespace uprev
