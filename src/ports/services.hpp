// SPDX-License-Identifier: Apache-2.0
// The installation's own services under their manager; foreign applications beside them are never touched.
// Exit codes and ticks of a manager mean nothing: every verb confirms by observing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

enum class RunState { missing, stopped, starting, running, errored };

struct ServiceState {
    std::string name;
    RunState state = RunState::missing;
    std::vector<int> pids;
    std::uint32_t restarts = 0;  // since it was started
    std::string cwd;             // as the manager will use it for the next start
    std::string script;
    std::string running_from;  // the folder a process really runs from (/proc/PID/cwd, resolved); empty: not running
    std::string problem;       // a trap seen: "started from a resolved path, reload would keep the old release"; empty: none
};

struct ServiceCapabilities {
    bool graceful_reload = false;  // without an outage, for the apps as they are configured now
    bool guard = false;            // can keep services from starting at boot
    std::string why_not_graceful;  // "app 'backend' runs in fork mode"
};

class Services {
   public:
    virtual ~Services() = default;
    virtual Result<ServiceCapabilities> capabilities() = 0;
    virtual Result<std::vector<ServiceState>> observe() = 0;  // one row per service of the installation
    // `release` is the folder the pointer leads to by now. start: those that aren't running. reload: running ones onto `release`, others started.
    virtual Result<> start(const std::vector<std::string>& names, const os::Path& release) = 0;
    virtual Result<> stop(const std::vector<std::string>& names) = 0;
    virtual Result<> reload(const std::vector<std::string>& names, const os::Path& release) = 0;
    // Durable: nothing starts the services behind our back, a reboot included / taken away. Idempotent. `mark` names the operation.
    virtual Result<> guard(bool on, const std::string& mark) = 0;
};

}  // namespace uprev
