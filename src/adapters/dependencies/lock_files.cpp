// SPDX-License-Identifier: Apache-2.0
#include "adapters/dependencies/lock_files.hpp"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"

namespace uprev {
namespace {

using Names = std::set<std::string>;

std::vector<std::string> sorted(const Names& names) { return {names.begin(), names.end()}; }

bool flag(const Json& package, const char* key) {
    const auto found = package.find(key);
    return found != package.end() && found->is_boolean() && found->get<bool>();
}

std::string word(const Json& package, const char* key) {
    const auto found = package.find(key);
    return found != package.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// Files inside the release are covered by the release's own signature.
bool local(const std::string& address) { return address.starts_with("file:") || address.starts_with("link:"); }

// Versions 2 and 3: one flat object, keys are folders. "" and folders without node_modules are the release's own.
void packages_of(const Json& packages, Names& names) {
    constexpr std::string_view modules = "node_modules/";
    for (const auto& [folder, package] : packages.items()) {
        const auto at = folder.rfind(modules);
        if (at == std::string::npos || !package.is_object()) continue;
        if (flag(package, "link") || flag(package, "inBundle") || local(word(package, "resolved"))) continue;
        if (word(package, "integrity").empty()) names.insert(folder.substr(at + modules.size()) + "@" + word(package, "version"));
    }
}

// Version 1: nested.
void dependencies_of(const Json& dependencies, Names& names) {
    for (const auto& [name, package] : dependencies.items()) {
        if (!package.is_object()) continue;
        const auto version = word(package, "version");
        if (!flag(package, "bundled") && !local(version) && word(package, "integrity").empty())
            names.insert(name + "@" + version);
        if (const auto inner = package.find("dependencies"); inner != package.end() && inner->is_object())
            dependencies_of(*inner, names);
    }
}

std::string unquoted(std::string_view text) {
    text = trim(text);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    return std::string(text);
}

// One entry of a yarn.lock: a line at the margin, then indented fields.
struct YarnEntry {
    std::string name;
    bool pinned = false;
    bool own = false;  // workspace, link or file: part of the release

    void field(std::string_view line) {
        const auto text = trim(line);
        if (text.starts_with("integrity ") || text.starts_with("checksum:")) pinned = true;
        if (text == "linkType: soft" || text.find("@workspace:") != std::string_view::npos) own = true;
        if (text.starts_with("resolved \"file:")) own = true;
    }
    void close(Names& names) const {
        if (!name.empty() && name != "__metadata" && !pinned && !own) names.insert(name);
    }
};

}  // namespace

Result<std::vector<std::string>> unpinned_npm(std::string_view text, std::string_view what) {
    const auto lock = TRY(parse_json(text, what));
    if (!lock.is_object()) return fail(Code::invalid, "'" + std::string(what) + "' is not a package lock");
    Names names;
    const auto packages = lock.find("packages");
    const auto dependencies = lock.find("dependencies");
    if (packages != lock.end() && packages->is_object())
        packages_of(*packages, names);
    else if (dependencies != lock.end() && dependencies->is_object())
        dependencies_of(*dependencies, names);
    return sorted(names);
}

Result<std::vector<std::string>> unpinned_pnpm(std::string_view text, std::string_view what) {
    try {
        Names names;
        const auto lock = YAML::Load(std::string(text));
        if (!lock.IsMap()) return fail(Code::invalid, "'" + std::string(what) + "' is not a pnpm lock file");
        for (const auto& package : lock["packages"]) {
            const auto resolution = package.second["resolution"];
            if (resolution["directory"] || resolution["integrity"]) continue;
            if (resolution["tarball"] && local(resolution["tarball"].as<std::string>())) continue;
            names.insert(package.first.as<std::string>());
        }
        return sorted(names);
    } catch (const YAML::Exception& e) {
        return fail(Code::invalid, "cannot read '" + std::string(what) + "': " + e.what());
    }
}

Result<std::vector<std::string>> unpinned_yarn(std::string_view text, std::string_view) {
    Names names;
    YarnEntry entry;
    for (const auto& line : split(text, '\n')) {
        if (trim(line).empty() || line.front() == '#') continue;
        if (line.front() != ' ') {
            entry.close(names);
            const auto key = trim(line);
            entry = {unquoted(key.substr(0, key.find_last_of(':'))), false, false};
        } else {
            entry.field(line);
        }
    }
    entry.close(names);
    return sorted(names);
}

Result<std::vector<std::string>> unpinned_pip(std::string_view text, std::string_view) {
    Names names;
    for (const auto& line : split(replace_all(replace_all(std::string(text), "\r\n", "\n"), "\\\n", " "), '\n')) {
        const auto requirement = trim(std::string_view(line).substr(0, line.find(" #")));
        if (requirement.empty() || requirement.front() == '#') continue;
        if (requirement.front() == '-' && !requirement.starts_with("-e ") && !requirement.starts_with("--editable")) continue;
        if (requirement.find("--hash=") == std::string_view::npos) names.insert(std::string(requirement));
    }
    return sorted(names);
}

}  // namespace uprev
