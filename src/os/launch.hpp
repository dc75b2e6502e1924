// SPDX-License-Identifier: Apache-2.0
// What a command needs before it can be started, checked and looked up: for the shim and for capture. For this folder only.
#pragma once

#include <string>
#include <vector>

#include "os/accounts.hpp"
#include "os/become.hpp"
#include "os/descriptor.hpp"
#include "os/process.hpp"

namespace uprev::os {

// Code::invalid: no program, a NUL byte, an environment name that is none, a relative folder.
Result<> check_command(const Command& command);
// The user to change to; empty when none has to be. Code::permission: another user's, and we are not root.
Result<std::optional<Account>> account_for(const Command& command);
// "NAME=value" of each variable.
std::vector<std::string> environment_of(const Command& command);
// The PATH that finds argv[0].
std::string search_path(const Command& command);
// The child's standard input: `command.input` in a memory file, or /dev/null.
Result<Descriptor> input_of(const Command& command);
// "cannot start 'npm': no such file or directory", with what to do.
Error start_error(const Command& command, BecomeStage stage, int error);

}  // namespace uprev::os
