// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_watch.hpp"

#include <algorithm>

namespace uprev {

const Pm2Worker* worker_by_id(const Pm2Workers& workers, int id) {
    const auto found = std::find_if(workers.begin(), workers.end(), [&](const Pm2Worker& one) { return one.id == id; });
    return found == workers.end() ? nullptr : &*found;
}

Pm2Workers workers_named(const Pm2Workers& workers, const std::string& name) {
    Pm2Workers found;
    std::copy_if(workers.begin(), workers.end(), std::back_inserter(found),
                 [&](const Pm2Worker& one) { return one.name == name; });
    return found;
}

Pm2Death death_since(const Pm2Workers& before, const Pm2Workers& now) {
    for (const auto& worker : now) {
        const auto* earlier = worker_by_id(before, worker.id);
        const bool untouched = earlier != nullptr && earlier->pid == worker.pid && earlier->status == worker.status &&
                               earlier->restarts == worker.restarts;
        if (untouched) continue;
        const int expected = earlier == nullptr ? 0 : earlier->restarts + 1;
        const bool fresh = earlier == nullptr || earlier->pid != worker.pid;
        const bool dead = worker.status == "errored" || worker.status == "waiting restart" || worker.restarts > expected ||
                          (fresh && worker.unstable > 0);
        if (!dead) continue;
        const auto how =
            worker.status == "errored" ? " died so often while starting that pm2 gave it up" : " died while starting";
        return {worker.name, "worker " + std::to_string(worker.id) + how, worker.error_log};
    }
    return {};
}

}  // namespace uprev
