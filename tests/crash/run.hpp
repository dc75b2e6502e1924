// SPDX-License-Identifier: Apache-2.0
// One operation on a simulated machine, killed at a chosen change, recovered, judged. A rollback or a restore comes after an upgrade that
// nobody disturbs.
#pragma once

#include <string>
#include <vector>

#include "crash/world.hpp"

namespace uprev::sim {

enum class Kind { upgrade, rollback, restore };

struct Scenario {
    std::string name;
    Behaviour next;  // the release that is upgraded to; the old one reads schema 1 only unless `old_reads` says more
    std::set<std::string> old_reads{"1"};
    bool declared_compatible = false;
    bool client = true;
    std::string expected;  // result of the run that nobody kills
    Kind kind = Kind::upgrade;
};
const std::vector<Scenario>& scenarios();

struct Verdict {
    std::string result;                // of the operation, after recovery
    std::vector<std::string> wrong;    // violations; empty: in order
    std::vector<std::string> labels;   // changes of the first run
    std::string point;                 // what it was killed at
    std::size_t recovery_changes = 0;  // in the first recovery
};

// `first` kills the operation, `second` its recovery (at: 0 for not at all). Recovers until nothing is left, then once more. `go_back`: the
// operator asks the first recovery to take it back.
Verdict run(const Scenario& scenario, Kill first, Kill second, bool go_back = false);

}  // namespace uprev::sim
