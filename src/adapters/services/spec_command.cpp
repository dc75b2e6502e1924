// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/spec_command.hpp"

#include "os/identity.hpp"
#include "os/secrets.hpp"

namespace uprev {

Result<> reveal_into(os::Command& command, const std::map<std::string, std::string>& from) {
    for (const auto& [key, value] : from) {
        const auto revealed = TRY(os::reveal(value).within("environment variable '" + key + "'"));
        command.env[key] = revealed.value;
        if (revealed.secret) command.masked.push_back(revealed.value);
    }
    return {};
}

Result<os::Command> command_of(const CommandSpec& spec, const Surroundings& around) {
    if (spec.empty()) return fail(Code::invalid, "the command is empty");
    os::Command command;
    command.argv = spec.argv.empty() ? Argv{"/bin/sh", "-c", spec.shell} : spec.argv;
    command.user = around.user;
    command.cwd = spec.cwd.empty() ? around.folder : around.folder / spec.cwd;
    command.limit = spec.limit;
    const auto user = TRY(os::find_user(around.user));
    command.env = {{"PATH", default_path}, {"HOME", user.home}, {"USER", user.name}, {"LOGNAME", user.name}, {"LANG", "C.UTF-8"}};
    TRY_VOID(reveal_into(command, around.env));
    TRY_VOID(reveal_into(command, spec.env));
    return command;
}

}  // namespace uprev
