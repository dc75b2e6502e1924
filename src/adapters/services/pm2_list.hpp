// SPDX-License-Identifier: Apache-2.0
// What `pm2 jlist` says, without what it should not say: pm2_env holds every environment variable of every app, so only the
// fields below are taken out of it, and errors never quote the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace uprev {

struct Pm2Worker {
    int id = -1;
    std::string name;
    int pid = 0;         // 0: not running
    std::string status;  // online, launching, stopping, stopped, errored, waiting restart
    bool cluster = false;
    std::string cwd;     // literal, as PM2 will use it for the next start
    std::string script;  // literal
    std::string interpreter;
    int restarts = 0;         // counts reloads as well as crashes
    int unstable = 0;         // deaths within min_uptime
    int kill_timeout = 0;     // ms; 0: PM2's default
    bool comes_back = false;  // cron_restart or watch would start it although it was stopped
    std::string error_log;
    std::string node_env;  // NODE_ENV and PATH as it runs with: the only two variables that are looked at
    std::string path;
};

// The list itself, as the daemon gives it.
Result<std::vector<Pm2Worker>> workers_in(const Json& list);
// Tolerates a banner before the list and warnings after it. Code::unavailable when there is no list.
Result<std::vector<Pm2Worker>> parse_jlist(std::string_view output);

}  // namespace uprev
