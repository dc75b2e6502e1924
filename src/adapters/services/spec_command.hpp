// SPDX-License-Identifier: Apache-2.0
// From a command as the files spell it to a command that can be run: argv or /bin/sh -c, secret references revealed into the
// environment only and listed for masking. The environment is stated whole: nothing of ours is inherited.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "os/process.hpp"
#include "release/release_file.hpp"

namespace uprev {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Who runs a command and with what around it.
struct Surroundings {
    std::string user;                        // empty: as we are
    os::Path folder = "/";                   // relative working folders start here
    std::map<std::string, std::string> env;  // beneath the command's own; values may be references
};

// Values of `from` laid over command.env; a reference's value also goes to command.masked.
Result<> reveal_into(os::Command& command, const std::map<std::string, std::string>& from);

// Values in `spec` are already interpolated. HOME and PATH are set unless stated.
Result<os::Command> command_of(const CommandSpec& spec, const Surroundings& around);

}  // namespace uprev
