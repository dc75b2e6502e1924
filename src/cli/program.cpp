// SPDX-License-Identifier: Apache-2.0
#include "cli/program.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>

#include "base/exit_codes.hpp"
#include "cli/alias_names.hpp"
#include "commands/command_line.hpp"

namespace uprev {

namespace {
int show(const Globals& globals, const Error& error) {
    if (globals.json)
        fmt::print("{}\n", Json({{"error", error_json(error)}}).dump(2, ' ', false, Json::error_handler_t::replace));
    fmt::print(stderr, "error: {}\n", error.text());
    if (!error.hint.empty()) fmt::print(stderr, "next:  {}\n", error.hint);
    return exit_code(error.code);
}

int show(const Globals& globals, const Reply& reply) {
    if (globals.json && !reply.json.is_null())
        fmt::print("{}\n", reply.json.dump(2, ' ', false, Json::error_handler_t::replace));
    else
        fmt::print("{}", reply.text);
    return reply.exit;
}
}  // namespace

int run_program(const std::vector<std::string>& called) {
    auto expanded = expand_alias(called);
    Globals globals;
    globals.terminal = isatty(STDOUT_FILENO) == 1;
    globals.color = globals.terminal && std::getenv("NO_COLOR") == nullptr;
    if (!expanded) return show(globals, expanded.error());
    CLI::App app("uprev upgrades a self-hosted application, watches it, and goes back by itself when something fails.", "uprev");
    Action action;
    declare_command_line(app, globals, action);
    std::vector<std::string> reversed(expanded->rbegin(), expanded->rend() - 1);
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : exit_code(Code::invalid);
    }
    const auto reply = action(globals);
    return reply ? show(globals, *reply) : show(globals, reply.error());
}

}  // namespace uprev
