// SPDX-License-Identifier: Apache-2.0
#include "cli/alias_names.hpp"

#include <filesystem>

#include "base/json.hpp"
#include "operations/session.hpp"
#include "os/linux.hpp"

namespace uprev {

namespace {
// <state>/aliases.json, written by `uprev alias install`: {name: {site, state, command: […]}}.
Result<Json> registered(const std::string& base) {
    const auto text = TRY(os::make_filesystem()->read(base + "/aliases.json", 1U << 20U));
    return parse_json(text, base + "/aliases.json");
}
}  // namespace

Result<std::vector<std::string>> expand_alias(const std::vector<std::string>& called) {
    const auto name = std::filesystem::path(called.front()).filename().string();
    if (name.starts_with("uprev")) return called;
    const auto known = registered(find_state_base(""));
    if (!known && known.error().code == Code::permission)
        return fail(Code::permission, "'" + name + "' must be run by root", "run it with sudo");
    if (!known || !known->is_object() || !known->contains(name))
        return fail(Code::not_found, "no installation has an alias '" + name + "'",
                    "run 'uprev alias install' for its site file");
    const auto& row = (*known)[name];
    std::vector<std::string> out{called.front(), "--site", row.value("site", ""), "--state", row.value("state", "")};
    for (const auto& word : row.value("command", Json::array())) out.push_back(word.get<std::string>());
    out.insert(out.end(), called.begin() + 1, called.end());
    return out;
}

}  // namespace uprev
