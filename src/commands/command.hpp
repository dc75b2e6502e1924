// SPDX-License-Identifier: Apache-2.0
// A command: its flags, what it answers as JSON and as text, and its help, all in one file. The same answer serves terminal and HTTP.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include "base/json.hpp"
#include "base/result.hpp"

namespace CLI {
class App;
}

namespace uprev {

struct Globals {
    std::string site;   // --site
    std::string state;  // --state
    bool json = false;
    bool terminal = false;  // standard output is one
    bool color = false;
};

struct Reply {
    Json json;
    std::string text;
    int exit = 0;
};

using Action = std::function<Result<Reply>(const Globals&)>;

struct CommandRow {
    std::string_view name;
    std::string_view summary;                  // one line
    std::string_view help;                     // what it does, with an example; shown by --help and the man page
    std::function<Action(CLI::App&)> declare;  // adds its flags, answers what to run once they are parsed
    bool hidden = false;
};

// Every command, in the order of --help.
const std::vector<CommandRow>& command_table();

}  // namespace uprev
