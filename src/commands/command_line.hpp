// SPDX-License-Identifier: Apache-2.0
// The whole command line as CLI11 sees it, made from the table of commands: what is parsed, completed and described is the same thing.
#pragma once

#include "commands/command.hpp"

namespace uprev {

// Declares the global flags and every command. Parsing fills `globals`, and `action` with what the chosen command runs.
// All three must outlive `app`'s use.
void declare_command_line(CLI::App& app, Globals& globals, Action& action);

std::string exit_table();  // as `uprev --help` ends with

}  // namespace uprev
