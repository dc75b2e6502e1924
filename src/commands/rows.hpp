// SPDX-License-Identifier: Apache-2.0
// One function per command; table.cpp lists them.
#pragma once

#include "commands/command.hpp"

namespace uprev::commands {

CommandRow init();
CommandRow adopt();
CommandRow config();
CommandRow check();
CommandRow plan();
CommandRow upgrade();
CommandRow rollback();
CommandRow resume();
CommandRow status();
CommandRow history();
CommandRow logs();
CommandRow snapshot();
CommandRow gc();
CommandRow doctor();
CommandRow plugins();
CommandRow verify();
CommandRow ack();
CommandRow automatic();
CommandRow alias();
CommandRow completion();
CommandRow work();

}  // namespace uprev::commands
