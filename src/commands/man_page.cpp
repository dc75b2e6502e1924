// SPDX-License-Identifier: Apache-2.0
// The man page in mdoc(7), from the table of commands and the table of exit codes.
#include <fmt/format.h>

#include "base/exit_codes.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/completion.hpp"

namespace uprev {

namespace {
// Text that roff takes literally.
std::string literal(const std::string& text) {
    std::string out;
    for (const auto& line : split(replace_all(replace_all(text, "\\", "\\e"), "…", "..."), '\n')) {
        if (!out.empty()) out += "\n";
        out += (line.starts_with(".") || line.starts_with("'") ? "\\&" : "") + replace_all(line, "-", "\\-");
    }
    return out;
}

std::string flag_item(const FlagShape& flag) {
    std::string names;
    for (const auto& name : flag.names) names += (names.empty() ? "" : " , ") + std::string("Fl ") + name.substr(1);
    const auto value = flag.choices.empty() ? flag.value : join(flag.choices, "|");
    return ".It " + names + (value.empty() ? "" : " Ar " + value) + "\n" + literal(flag.meaning) + "\n";
}

std::string name_line(const CommandShape& shape) {
    std::string out = ".It Cm " + join(shape.path, " ");
    if (!shape.commands.empty()) {
        std::vector<std::string> names;
        for (const auto& [name, summary] : shape.commands) names.push_back(name);
        out += " Ar " + join(names, "|");
    }
    for (const auto& operand : shape.operands)
        out += " Op Ar " + (operand.choices.empty() ? operand.value : join(operand.choices, "|"));
    return out + "\n";
}

// The long help stands in the table of commands; its indented lines are examples.
std::string help_of(const CommandShape& shape) {
    if (shape.path.size() != 1) return {};
    for (const auto& row : command_table()) {
        if (row.name != shape.path[0]) continue;
        std::string out;
        bool example = false;
        for (const auto& line : split(row.help, '\n')) {
            const bool indented = line.starts_with("  ");
            if (indented != example) out += indented ? ".Bd -literal -offset indent\n" : ".Ed\n";
            example = indented;
            if (!trim(line).empty()) out += literal(std::string(trim(line))) + "\n";
        }
        return ".Pp\n" + out + (example ? ".Ed\n" : "");
    }
    return {};
}

std::string command_item(const CommandShape& shape, std::size_t globals) {
    std::string out = name_line(shape) + literal(shape.summary) + ".\n" + help_of(shape);
    if (shape.flags.size() > globals) {
        out += ".Bl -tag -width Ds -compact\n";
        for (std::size_t i = globals; i < shape.flags.size(); ++i) out += flag_item(shape.flags[i]);
        out += ".El\n";
    }
    return out;
}

std::string exit_items() {
    std::string out;
    for (const auto& row : exit_rows)
        out += fmt::format(".It {}\n{}: {}\n", row.exit, literal(std::string(row.word)), literal(std::string(row.meaning)));
    return out;
}
}  // namespace

std::string man_page(const std::vector<CommandShape>& shapes) {
    const auto& top = shapes.front();
    std::string globals;
    for (const auto& flag : top.flags) globals += flag_item(flag);
    std::string items;
    for (const auto& shape : shapes)
        if (!shape.path.empty()) items += command_item(shape, top.flags.size());
    return ".\\\" SPDX-License-Identifier: Apache-2.0\n"
           ".\\\" Made by `uprev completion man`.\n"
           ".Dd $Mdocdate$\n.Dt UPREV 1\n.Os\n"
           ".Sh NAME\n.Nm uprev\n.Nd upgrade a self-hosted application, and put it back when that fails\n"
           ".Sh SYNOPSIS\n.Nm\n.Op Fl -site Ar file\n.Op Fl -state Ar folder\n.Op Fl -json\n.Ar command\n.Op Ar argument ...\n"
           ".Sh DESCRIPTION\n.Nm\n"
           "moves an installation of an application from one release to the next.\n"
           "It fetches and verifies the release, stages it aside, takes a backup and proves that it restores, runs migrations, "
           "switches,\n"
           "and lets users back in when the new release has shown that it is well.\n"
           "When a step fails, or the machine dies, it goes back by itself, or stops in the safest serving state and lists the "
           "choices.\n"
           ".Sh OPTIONS\n.Bl -tag -width Ds\n" +
           globals +
           ".El\n"
           ".Sh COMMANDS\n.Bl -tag -width Ds\n" +
           items +
           ".El\n"
           ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
           ".It Ev UPREV_SITE\nThe site file, where\n.Fl -site\nis not given.\n"
           ".It Ev UPREV_STATE\nThe state folder, where\n.Fl -state\nis not given.\n"
           ".It Ev NO_COLOR\nNo colours.\n.El\n"
           ".Sh FILES\n.Bl -tag -width Ds\n"
           ".It Pa ./uprev.yaml , /etc/uprev/uprev.yaml , /etc/uprev/*.yaml\nThe site file, in this order; the last only where "
           "there is exactly one.\n"
           ".It Pa /var/lib/uprev/ID/\nJournal, logs, artifacts and snapshots of the installation ID; below\n.Ev "
           "XDG_STATE_HOME\nfor users other than root.\n.El\n"
           ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n" +
           exit_items() +
           ".El\n"
           ".Sh SEE ALSO\n.Xr systemd.timer 5 ,\n.Xr minisign 1\n";
}

}  // namespace uprev
