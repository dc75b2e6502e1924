// SPDX-License-Identifier: Apache-2.0
#include "commands/rows.hpp"

namespace uprev {

const std::vector<CommandRow>& command_table() {
    using namespace commands;
    static const std::vector<CommandRow> table{init(),    adopt(),  config(),  check(),     plan(),     upgrade(),    rollback(),
                                               resume(),  status(), history(), logs(),      snapshot(), gc(),         doctor(),
                                               plugins(), verify(), ack(),     automatic(), alias(),    completion(), work()};
    return table;
}

}  // namespace uprev
