// SPDX-License-Identifier: Apache-2.0
#include "commands/command_line.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/exit_codes.hpp"
#include "operations/session.hpp"

namespace uprev {

std::string exit_table() {
    std::string out = "Exit codes:\n";
    for (const auto& row : exit_rows) out += fmt::format("  {:>3}  {:<15} {}\n", row.exit, row.word, row.meaning);
    return out;
}

void declare_command_line(CLI::App& app, Globals& globals, Action& action) {
    app.set_version_flag("--version", "uprev " + std::string(uprev_version));
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(exit_table());
    app.add_option("--site", globals.site, "the site file (default: $UPREV_SITE, ./uprev.yaml, /etc/uprev/)")->type_name("FILE");
    app.add_option("--state", globals.state, "where uprev keeps its record (default: $UPREV_STATE, /var/lib/uprev)")
        ->type_name("DIR");
    app.add_flag("--json", globals.json, "answer as JSON");
    for (const auto& row : command_table()) {
        auto* sub = app.add_subcommand(std::string(row.name), std::string(row.summary));
        sub->footer("\n" + std::string(row.help));
        if (row.hidden) sub->group("");
        auto run = row.declare(*sub);
        sub->callback([&action, run] { action = run; });
    }
}

}  // namespace uprev
