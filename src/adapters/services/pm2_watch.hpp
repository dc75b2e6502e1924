// SPDX-License-Identifier: Apache-2.0
// What two lists of the same workers, one before and one after, say about how a start or a reload went. Pure.
// Exit code 0 and a tick mean nothing to PM2: a release that throws at boot reloads "successfully".
#pragma once

#include <string>
#include <vector>

#include "adapters/services/pm2_list.hpp"

namespace uprev {

using Pm2Workers = std::vector<Pm2Worker>;

const Pm2Worker* worker_by_id(const Pm2Workers& workers, int id);
Pm2Workers workers_named(const Pm2Workers& workers, const std::string& name);

struct Pm2Death {
    std::string app;
    std::string what;  // "worker 3 died while starting"
    std::string error_log;
};

// The first worker that died after `before`; app is empty when none did. A reload or restart counts as one restart itself;
// a worker on which nothing has happened yet isn't judged.
Pm2Death death_since(const Pm2Workers& before, const Pm2Workers& now);

}  // namespace uprev
