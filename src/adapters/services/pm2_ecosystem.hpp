// SPDX-License-Identifier: Apache-2.0
// The installation's ecosystem file, read by node as PM2 reads it, with what PM2 gets wrong put right: folders and scripts always
// lead through the pointer (`cwd: __dirname` is resolved, and would run the old release for ever), and a reload waits for a worker
// to listen as long as the site allows (after `listen_timeout` PM2 kills the old worker, ready or not).
// The wrapper that PM2 is given is code without values from the environment, so it holds no secret.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/services/pm2_tool.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct Pm2Wanted {
    std::string name;
    std::string cwd;               // absolute, through the pointer; empty: not stated
    std::string script;            // absolute; empty: not a file
    std::optional<bool> cluster;   // nothing: PM2 decides
    std::optional<int> instances;  // nothing: not stated
    std::string interpreter;       // empty: not stated
};

// What a running app has that a reload must not lose.
struct Pm2Kept {
    std::string node_env;  // selects env_<NODE_ENV>, as `--env` did when it was started
    std::string path;
    bool patient = true;  // wait for it to listen as long as the site allows
};

class Pm2Ecosystem {
   public:
    Pm2Ecosystem(const SiteFile& site, const Pm2Tool& tool, os::FileSystem& files);

    [[nodiscard]] bool configured() const { return !file_.empty(); }
    [[nodiscard]] const os::Path& file() const { return file_; }
    Result<std::vector<Pm2Wanted>> read() const;
    // Writes the wrapper for these apps into PM2_HOME and answers its path; it is removed with discard().
    Result<os::Path> wrap(const std::map<std::string, Pm2Kept>& apps) const;
    void discard(const os::Path& wrapper) const;

   private:
    [[nodiscard]] std::string loader(const std::map<std::string, Pm2Kept>& apps, bool all) const;

    const Pm2Tool& tool_;
    os::FileSystem& files_;
    os::Path pointer_;
    os::Path file_;
    Millis settle_;
};

}  // namespace uprev
