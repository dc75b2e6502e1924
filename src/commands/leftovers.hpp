// SPDX-License-Identifier: Apache-2.0
// What may go, beyond the rules of retention: artifacts, logs, manifests and dumps in the state folder that nothing refers to any more.
// REQUIRES the installation's lock: without it, what a running operation needs would look like a leftover.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operations/session.hpp"
#include "preflight/retention.hpp"

namespace uprev {

struct Leftover {
    RetentionItem item;  // what: also "artifact", "operation log", "manifest", "dump", "replaced database" (path: its mark)
    os::Path place;      // the folder or file on disk
    std::uint64_t bytes = 0;
    std::string database;  // of a replaced database: its name in the site file
};

// Everything that was judged, kept or not. Releases come first, since what goes with them follows from them.
Result<std::vector<Leftover>> judge_leftovers(Session& session, const Adapters& adapters, Journal& journal,
                                              const RetentionSpec& keep);
Result<> remove_leftover(Session& session, const Adapters& adapters, Journal& journal, const Leftover& leftover);

}  // namespace uprev
