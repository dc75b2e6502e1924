// SPDX-License-Identifier: Apache-2.0
// uprev completion: scripts for three shells and the man page's source, all from the command line as it is parsed.
#include "commands/completion.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/command_line.hpp"
#include "commands/rows.hpp"

namespace uprev {

namespace {
std::vector<std::string> choices_of(const CLI::Option& option) {
    // CLI11 keeps an IsMember check as its description only: "{a,b}", or "INT in {…}".
    const auto text = option.get_type_name();
    const auto from = text.find('{');
    const auto to = text.find('}');
    if (from == std::string::npos || to == std::string::npos) return {};
    return CLI::detail::split(text.substr(from + 1, to - from - 1), ',');
}

FlagShape shape_of(const CLI::Option& option) {
    FlagShape out;
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    out.value = option.get_type_size() == 0 ? "" : option.get_type_name();
    out.choices = choices_of(option);
    out.meaning = option.get_description();
    return out;
}

void walk(const CLI::App& app, const std::vector<std::string>& path, const std::vector<FlagShape>& inherited,
          std::vector<CommandShape>& out) {
    CommandShape shape;
    shape.path = path;
    shape.summary = app.get_description();
    shape.flags = inherited;
    for (const auto* option : app.get_options()) {
        if (option->get_positional()) {
            shape.operands.push_back({{}, option->get_name(true), choices_of(*option), option->get_description()});
            continue;
        }
        if (option->get_group().empty() || option->get_name() == "--help") continue;
        shape.flags.push_back(shape_of(*option));
    }
    const auto subs = app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
    for (const auto* sub : subs) shape.commands.emplace_back(sub->get_name(), sub->get_description());
    out.push_back(shape);
    const auto global = path.empty() ? shape.flags : inherited;
    for (const auto* sub : subs) {
        auto below = path;
        below.push_back(sub->get_name());
        walk(*sub, below, global, out);
    }
}
}  // namespace

std::vector<CommandShape> command_shapes() {
    CLI::App app("", "uprev");
    Globals globals;
    Action action;
    declare_command_line(app, globals, action);
    std::vector<CommandShape> out;
    walk(app, {}, {{{"--help"}, "", {}, "print help"}}, out);
    return out;
}

namespace commands {
CommandRow completion() {
    return {"completion", "print a completion script for a shell",
            "  uprev completion bash > /usr/share/bash-completion/completions/uprev\n"
            "  uprev completion zsh  > /usr/share/zsh/site-functions/_uprev\n"
            "  uprev completion fish > /usr/share/fish/vendor_completions.d/uprev.fish",
            [](CLI::App& app) -> Action {
                auto shell = std::make_shared<std::string>();
                app.add_option("shell", *shell, "bash, zsh, fish, or man for the man page")
                    ->required()
                    ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}));
                return [shell](const Globals&) -> Result<Reply> {
                    const auto shapes = command_shapes();
                    const auto text = *shell == "bash"   ? bash_completion(shapes)
                                      : *shell == "zsh"  ? zsh_completion(shapes)
                                      : *shell == "fish" ? fish_completion(shapes)
                                                         : man_page(shapes);
                    return Reply{{{"shell", *shell}, {"script", text}}, text, 0};
                };
            }};
}
}  // namespace commands

}  // namespace uprev
