// SPDX-License-Identifier: Apache-2.0
// The three scripts work alike: walk the words so far to the command that they name, then offer what stands below it.
#include <algorithm>

#include "base/text.hpp"
#include "commands/completion.hpp"

namespace uprev {

namespace {
std::string path_of(const CommandShape& shape) { return join(shape.path, " "); }

// For a single-quoted string of bash and zsh.
std::string quoted(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }
std::string fish_quoted(const std::string& text) { return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'"; }

std::string words(const std::vector<std::string>& parts) { return join(parts, " "); }

// Flags that take a value, of every command: so that a value is never taken for a command.
std::vector<std::string> flags_with_values(const std::vector<CommandShape>& shapes) {
    std::vector<std::string> out;
    for (const auto& shape : shapes)
        for (const auto& flag : shape.flags)
            for (const auto& name : flag.names)
                if (!flag.value.empty() && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    return out;
}

// What may stand for a value: its choices, files, folders, or nothing that we know.
std::string bash_value(const FlagShape& flag) {
    if (!flag.choices.empty()) return "COMPREPLY=($(compgen -W " + quoted(words(flag.choices)) + " -- \"$current\"))";
    if (flag.value == "FILE") return "COMPREPLY=($(compgen -f -- \"$current\"))";
    if (flag.value == "DIR") return "COMPREPLY=($(compgen -d -- \"$current\"))";
    return "COMPREPLY=()";
}

std::string bash_case(const CommandShape& shape) {
    std::vector<std::string> offered;
    std::string values;
    for (const auto& flag : shape.flags) {
        offered.insert(offered.end(), flag.names.begin(), flag.names.end());
        if (!flag.value.empty()) values += "        " + join(flag.names, "|") + ") " + bash_value(flag) + "; return ;;\n";
    }
    std::vector<std::string> operands;
    for (const auto& [name, summary] : shape.commands) operands.push_back(name);
    bool files = false;
    for (const auto& operand : shape.operands) {
        operands.insert(operands.end(), operand.choices.begin(), operand.choices.end());
        files = files || operand.value == "file";
    }
    return "    " + quoted(path_of(shape)) + ")\n      case $previous in\n" + values +
           "      esac\n      flags=" + quoted(words(offered)) + " operands=" + quoted(words(operands)) +
           " files=" + (files ? "1" : "") + " ;;\n";
}

std::string zsh_pairs(const std::vector<std::pair<std::string, std::string>>& rows) {
    std::string out;
    for (const auto& [name, meaning] : rows)
        out += " " + quoted(replace_all(name, ":", "\\:") + ":" + replace_all(meaning, ":", "\\:"));
    return out;
}

std::string zsh_case(const CommandShape& shape) {
    std::vector<std::pair<std::string, std::string>> flags;
    std::string values;
    for (const auto& flag : shape.flags) {
        for (const auto& name : flag.names) flags.emplace_back(name, flag.meaning);
        if (flag.value.empty()) continue;
        const std::string offer = !flag.choices.empty()  ? "compadd -- " + words(flag.choices)
                                  : flag.value == "FILE" ? "_files"
                                  : flag.value == "DIR"  ? "_files -/"
                                                         : "_message " + quoted(flag.value);
        values += "        " + join(flag.names, "|") + ") " + offer + "; return ;;\n";
    }
    auto operands = shape.commands;
    bool files = false;
    for (const auto& operand : shape.operands) {
        for (const auto& choice : operand.choices) operands.emplace_back(choice, operand.meaning);
        files = files || operand.value == "file";
    }
    return "    " + quoted(path_of(shape)) + ")\n      case $words[CURRENT-1] in\n" + values + "      esac\n      flags=(" +
           zsh_pairs(flags) + " )\n      operands=(" + zsh_pairs(operands) + " )\n      files=" + (files ? "1" : "0") + " ;;\n";
}

std::string fish_lines(const CommandShape& shape) {
    const auto when = " -n " + fish_quoted("__uprev_at " + fish_quoted(path_of(shape)));
    std::string out;
    for (const auto& [name, summary] : shape.commands)
        out += "complete -c uprev" + when + " -a " + name + " -d " + fish_quoted(summary) + "\n";
    for (const auto& operand : shape.operands) {
        if (!operand.choices.empty()) out += "complete -c uprev" + when + " -a " + fish_quoted(words(operand.choices)) + "\n";
        if (operand.value == "file") out += "complete -c uprev" + when + " -F\n";
    }
    for (const auto& flag : shape.flags) {
        std::string names;
        for (const auto& name : flag.names) names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        std::string value;
        if (!flag.choices.empty())
            value = " -x -a " + fish_quoted(words(flag.choices));
        else if (flag.value == "FILE" || flag.value == "DIR")
            value = " -r -F";
        else if (!flag.value.empty())
            value = " -x";
        out += "complete -c uprev" + when + names + value + " -d " + fish_quoted(flag.meaning) + "\n";
    }
    return out;
}

std::string known_paths(const std::vector<CommandShape>& shapes) {
    std::string out;
    for (const auto& shape : shapes)
        if (!shape.path.empty()) out += (out.empty() ? "" : "|") + quoted(path_of(shape));
    return out;
}
}  // namespace

std::string bash_completion(const std::vector<CommandShape>& shapes) {
    std::string cases;
    for (const auto& shape : shapes) cases += bash_case(shape);
    return "# bash completion for uprev; made by `uprev completion bash`\n"
           "_uprev() {\n"
           "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local at= word skip= flags= operands= files= i\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    word=${COMP_WORDS[i]}\n"
           "    [ -n \"$skip\" ] && { skip=; continue; }\n"
           "    case $word in\n"
           "      " +
           join(flags_with_values(shapes), "|") +
           ") skip=1; continue ;;\n"
           "    esac\n"
           "    case ${at:+$at }$word in\n"
           "      " +
           known_paths(shapes) +
           ") at=${at:+$at }$word ;;\n"
           "    esac\n"
           "  done\n"
           "  case $at in\n" +
           cases +
           "  esac\n"
           "  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W \"$flags\" -- \"$current\"))\n"
           "  elif [ -n \"$files\" ]; then COMPREPLY=($(compgen -f -- \"$current\"))\n"
           "  else COMPREPLY=($(compgen -W \"$operands\" -- \"$current\")); fi\n"
           "}\n"
           "complete -F _uprev uprev\n";
}

std::string zsh_completion(const std::vector<CommandShape>& shapes) {
    std::string cases;
    for (const auto& shape : shapes) cases += zsh_case(shape);
    return "#compdef uprev\n"
           "# made by `uprev completion zsh`\n"
           "_uprev() {\n"
           "  local at= word skip= files=0 i\n"
           "  local -a flags operands\n"
           "  for ((i = 2; i < CURRENT; i++)); do\n"
           "    word=$words[i]\n"
           "    [[ -n $skip ]] && { skip=; continue }\n"
           "    case $word in\n"
           "      " +
           join(flags_with_values(shapes), "|") +
           ") skip=1; continue ;;\n"
           "    esac\n"
           "    case ${at:+$at }$word in\n"
           "      " +
           known_paths(shapes) +
           ") at=${at:+$at }$word ;;\n"
           "    esac\n"
           "  done\n"
           "  case $at in\n" +
           cases +
           "  esac\n"
           "  if [[ $words[CURRENT] == -* ]]; then _describe -o flag flags\n"
           "  elif (( files )); then _files\n"
           "  else _describe command operands; fi\n"
           "}\n"
           "_uprev \"$@\"\n";
}

std::string fish_completion(const std::vector<CommandShape>& shapes) {
    std::string lines;
    std::string paths;
    for (const auto& shape : shapes) {
        lines += fish_lines(shape);
        if (!shape.path.empty()) paths += " " + fish_quoted(path_of(shape));
    }
    return "# fish completion for uprev; made by `uprev completion fish`\n"
           "function __uprev_at --argument-names wanted\n"
           "  set -l at\n"
           "  set -l skip 0\n"
           "  for word in (commandline -opc)[2..-1]\n"
           "    if test $skip = 1; set skip 0; continue; end\n"
           "    if contains -- $word " +
           words(flags_with_values(shapes)) +
           "; set skip 1; continue; end\n"
           "    set -l next (string trim \"$at $word\")\n"
           "    if contains -- $next" +
           paths +
           "; set at $next; end\n"
           "  end\n"
           "  test \"$at\" = \"$wanted\"\n"
           "end\n"
           "complete -c uprev -f\n" +
           lines;
}

}  // namespace uprev
