// SPDX-License-Identifier: Apache-2.0
// The pm2 command and its daemon, as the installation's user with that user's PM2_HOME and a stated environment.
// Asking never starts a daemon: `pm2 jlist` and even `pm2 --version` would.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/services/pm2_list.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "os/process.hpp"
#include "release/site_file.hpp"

namespace uprev {

// What a pm2 command's environment may hold. Apps are given all of it by --update-env, so what is only for pm2 must not reach them.
enum class Pm2Gives {
    nothing,  // the command changes no app's environment
    by_name,  // the site's environment
    wrapped,  // the same, through the wrapper of pm2_ecosystem.hpp, which takes out what is only for pm2
};

class Pm2Tool {
   public:
    static Result<Pm2Tool> make(const SiteFile& site);

    [[nodiscard]] const os::Path& home() const { return home_; }
    [[nodiscard]] int daemon() const;             // its pid; 0: not running
    Result<> spawn_daemon() const;                // with none of the site's environment: foreign apps inherit the daemon's
    Result<std::vector<Pm2Worker>> list() const;  // of all apps, foreign ones too; Code::unavailable when there is no daemon

    // Runs pm2 against the daemon that runs now; Code::unavailable when that one dies meanwhile (pm2 itself would wait for ever, or
    // start another). The exit code is the caller's to judge, and means little.
    Result<os::Captured> run(std::vector<std::string> arguments, Pm2Gives gives, Millis limit,
                             const std::function<bool()>& cancel = {}) const;
    Result<os::Captured> node(const std::string& program) const;     // `node -e`
    Result<> signal(int pid, const char* name) const;                // as the user, so that nobody else's process can be hit
    std::string tail_of(const std::string& log) const;               // last lines, masked; read as the user
    Result<> as_owner(const std::function<Result<>()>& work) const;  // file work in PM2_HOME, with the user's rights only
    [[nodiscard]] const std::string& bin() const { return bin_; }

   private:
    explicit Pm2Tool(const SiteFile& site) : site_(site), bin_(site.services.pm2.bin) {}
    Result<os::Command> command(std::vector<std::string> argv, bool with_environment, Millis limit) const;
    [[nodiscard]] Error no_daemon() const;
    Result<std::vector<Pm2Worker>> list_from_daemon() const;

    SiteFile site_;
    std::string bin_;
    std::string user_;  // name; empty: as we are
    std::string user_home_;
    os::Path home_;  // PM2_HOME
};

}  // namespace uprev
