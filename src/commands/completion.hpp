// SPDX-License-Identifier: Apache-2.0
// The command line as data, and what is generated from it: completions for three shells, and the man page.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace uprev {

struct FlagShape {
    std::vector<std::string> names;    // "--follow", "-f"; empty for an operand
    std::string value;                 // "VERSION"; empty: a plain flag; for an operand its name
    std::vector<std::string> choices;  // the only values; empty: any
    std::string meaning;
};

struct CommandShape {
    std::vector<std::string> path;  // {"snapshot", "list"}; empty: uprev itself
    std::string summary;
    std::vector<FlagShape> flags;  // the global ones included
    std::vector<FlagShape> operands;
    std::vector<std::pair<std::string, std::string>> commands;  // below it, each with its summary
};

// Every command that isn't hidden, uprev itself first.
std::vector<CommandShape> command_shapes();

std::string bash_completion(const std::vector<CommandShape>& shapes);
std::string zsh_completion(const std::vector<CommandShape>& shapes);
std::string fish_completion(const std::vector<CommandShape>& shapes);
std::string man_page(const std::vector<CommandShape>& shapes);  // mdoc

}  // namespace uprev
