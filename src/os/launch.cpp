// SPDX-License-Identifier: Apache-2.0
#include "os/launch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "os/identity.hpp"

namespace uprev::os {

namespace {
bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }
}  // namespace

Result<> check_command(const Command& command) {
    if (command.argv.empty() || command.argv[0].empty()) return fail(Code::invalid, "a command without a program cannot be run");
    const std::string name = "'" + excerpt(command.argv[0]) + "'";
    for (const auto& word : command.argv)
        if (has_nul(word)) return fail(Code::invalid, "an argument of " + name + " holds a NUL byte");
    for (const auto& [key, value] : command.env)
        if (key.empty() || has_nul(key) || has_nul(value) || key.find('=') != std::string::npos)
            return fail(Code::invalid, "the environment of " + name + " holds the bad entry '" + excerpt(key) + "'");
    if (!command.cwd.is_absolute() || has_nul(command.cwd.string()))
        return fail(Code::invalid, "the folder of " + name + " is not an absolute path");
    return {};
}

Result<std::optional<Account>> account_for(const Command& command) {
    if (command.user.empty()) return std::optional<Account>();
    Account account = TRY(find_account(command.user).within("cannot start '" + excerpt(command.argv[0]) + "'"));
    if (is_root()) return std::optional<Account>(std::move(account));
    if (account.uid == ::geteuid()) return std::optional<Account>();
    return fail(Code::permission,
                "cannot start '" + excerpt(command.argv[0]) + "' as user '" + excerpt(command.user) + "' without being root",
                "run uprev as root, or as that user");
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> out;
    out.reserve(command.env.size());
    for (const auto& [key, value] : command.env) out.push_back(key + "=" + value);
    return out;
}

std::string search_path(const Command& command) {
    const auto path = command.env.find("PATH");
    return path != command.env.end() ? path->second : "/usr/local/bin:/usr/bin:/bin";
}

Result<Descriptor> input_of(const Command& command) {
    if (command.input.empty()) {
        Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!null) return system_error(errno, "cannot open '/dev/null'");
        return null;
    }
    Descriptor memory(::memfd_create("uprev-input", MFD_CLOEXEC));
    if (!memory) return system_error(errno, "cannot make a memory file");
    if (const int error = write_all(memory.get(), command.input); error != 0)
        return system_error(error, "cannot fill a memory file");
    if (::lseek(memory.get(), 0, SEEK_SET) != 0) return system_error(errno, "cannot fill a memory file");
    return memory;
}

Error start_error(const Command& command, BecomeStage stage, int error) {
    const std::string name = "'" + excerpt(command.argv[0]) + "'";
    if (stage == BecomeStage::program) {
        Error out = system_error(error, "cannot start " + name);
        if (error == ENOENT)
            out.hint = "install it, or correct its name or the PATH (" + excerpt(search_path(command), 200) +
                       "); a script's interpreter may be missing too";
        if (error == EACCES) out.hint = "it must be executable for the user that runs it";
        if (error == ENOEXEC) {
            out.code = Code::invalid;
            out.hint = "a script must begin with a line like #!/bin/sh";
        }
        if (error == E2BIG) out.code = Code::invalid;
        return out;
    }
    const std::string where = stage == BecomeStage::folder ? " '" + excerpt(command.cwd.string(), 200) + "'" : "";
    return system_error(error, "cannot start " + name + ": " + become_stage_text(stage) + where);
}

}  // namespace uprev::os
