// SPDX-License-Identifier: Apache-2.0
#include "commands/rows.hpp"

namespace uprev {

const std::vector<CommandRow>& command_table() {
    using namespace commands;
    static const std::vector<CommandRow> table{adopt(), check(), plan(), upgrade(), rollback(), resume(), status(), history(), work()};
    return table;
}

}  // namespace uprev
