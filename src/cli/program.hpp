// SPDX-License-Identifier: Apache-2.0
// The command line: global flags, the table of commands, how answers and errors are printed.
#pragma once

#include <string>
#include <vector>

namespace uprev {

int run_program(const std::vector<std::string>& arguments);  // arguments[0] is the program's name as called

}  // namespace uprev
