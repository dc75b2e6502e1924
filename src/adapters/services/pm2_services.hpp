// SPDX-License-Identifier: Apache-2.0
// The installation's apps under PM2. Every verb names its apps and confirms by looking; foreign apps in the same PM2 are never named.
// A reload stops at the first new worker that dies, so that the old ones that are left go on serving until the pointer is back.
// When PM2's daemon is dead: asking says so, start and reload bring it back with the installation's own apps only. `pm2 resurrect`
// is left to the operator: foreign apps in fork mode outlive the daemon, and it would start each of them a second time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/services/pm2_ecosystem.hpp"
#include "adapters/services/pm2_paths.hpp"
#include "adapters/services/pm2_tool.hpp"
#include "adapters/services/pm2_watch.hpp"
#include "os/clock.hpp"
#include "ports/services.hpp"
#include "release/site_file.hpp"

namespace uprev {

class Pm2Services final : public Services {
   public:
    Pm2Services(const SiteFile& site, std::vector<ServiceSpec> specs, std::vector<std::string> names, Pm2Tool tool,
                os::FileSystem& files, os::Clock& clock);
    Pm2Services(const Pm2Services&) = delete;
    Pm2Services& operator=(const Pm2Services&) = delete;

    Result<ServiceCapabilities> capabilities() override;
    Result<std::vector<ServiceState>> observe() override;
    Result<> start(const std::vector<std::string>& names, const os::Path& release) override;
    Result<> stop(const std::vector<std::string>& names) override;
    Result<> reload(const std::vector<std::string>& names, const os::Path& release) override;
    Result<> guard(bool on, const std::string& mark) override;

   private:
    using Names = std::vector<std::string>;

    // What has to be done with each app to get it onto the release.
    struct Sorted {
        Names fine;     // runs already
        Names reload;   // online and following the pointer
        Names revive;   // some workers are down
        Names start;    // none is online, or unknown to PM2
        Names replace;  // only delete and start helps
    };

    // pm2_services.cpp
    [[nodiscard]] Result<Names> chosen(const Names& names) const;
    [[nodiscard]] const ServiceSpec* spec(const std::string& name) const;
    [[nodiscard]] Result<Pm2Workers> own(const Names& names) const;  // refuses foreign apps of the same name
    [[nodiscard]] ServiceState state_of(const std::string& name, const Pm2Workers& workers) const;
    Result<> confirm_stopped(const Names& names, const Pm2Workers& before, const std::set<int>& ports);
    Result<> end_orphans(const Names& names);
    Result<> straighten_dumps();

    // pm2_reload.cpp
    Result<Sorted> sorted(const Names& names, const Pm2Workers& workers, bool reloading) const;
    [[nodiscard]] std::string misfit(const Pm2Worker& worker) const;
    Result<> load_wanted(const Names& names);
    Result<> reload_online(const Names& names, const os::Path& release);
    Result<> revive(const Names& names, const os::Path& release, bool then_reload);
    Result<> start_down(const Names& names, const os::Path& release);
    Result<> replace(const Names& names, const os::Path& release);
    Result<> scale(const Names& names, const os::Path& release);
    Result<> watched(const Argv& arguments, Pm2Gives gives, const Names& names, const Pm2Workers& before);
    Result<> confirm_running(const Names& names, const Pm2Workers& before, const std::set<int>& renewed, const os::Path& release);
    [[nodiscard]] std::string objection(const Names& names, const Pm2Workers& now, const Pm2Workers& before,
                                        const std::set<int>& renewed, const os::Path& release) const;
    Result<> through_wrapper(const std::string& verb, const Names& names, const Pm2Workers& before);
    [[nodiscard]] std::map<std::string, Pm2Kept> kept(const Names& names, const Pm2Workers& workers) const;
    [[nodiscard]] Error died(const Pm2Death& death) const;
    [[nodiscard]] Millis patience(const Pm2Workers& workers) const;

    SiteFile site_;
    std::vector<ServiceSpec> specs_;
    Names names_;
    Pm2Tool tool_;
    os::FileSystem& files_;
    os::Clock& clock_;
    Pm2Paths paths_;
    Pm2Ecosystem ecosystem_;
    std::map<std::string, Pm2Wanted> wanted_;  // of the release that the pointer leads to, by app; as load_wanted() last read it
    std::string said_;                         // what PM2 said last, for failures
};

}  // namespace uprev
