// SPDX-License-Identifier: Apache-2.0
#include "preflight/plugins.hpp"

#include <nlohmann/json.hpp>

namespace uprev {

namespace {
void fill(Plugin& plugin, const Json& json, const PluginRangeSpec& spec) {
    const auto word = [&](const std::string& key) {
        return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
    };
    if (!word("name").empty()) plugin.name = word("name");
    plugin.version = word("version");
    plugin.min = word(spec.min_key);
    plugin.max = word(spec.max_key);
    for (const auto& key : {spec.min_key, spec.max_key})
        if (json.contains(key) && !json[key].is_string()) plugin.problem = "'" + key + "' is not text";
}

Plugin read_one(const std::string& text, const os::Path& manifest, const PluginRangeSpec& spec, const std::string& folder) {
    Plugin plugin{folder, "", "", "", manifest.string(), ""};
    const auto json = parse_json(text, manifest.string());
    if (json && json->is_object())
        fill(plugin, *json, spec);
    else
        plugin.problem = json ? "its manifest is no object" : json.error().message;
    return plugin;
}

// A full version means itself, "1.4" any 1.4.x: then a pre-release of the platform counts as what it leads to, since npm's ranges would
// match it nowhere.
Result<bool> compares(const Version& platform, const std::string& sign, const std::string& bound) {
    if (const auto version = Version::parse(bound)) return sign == "<=" ? platform <= *version : platform >= *version;
    if (bound.find_first_not_of("0123456789.xX*v") != std::string::npos)
        return fail(Code::invalid, "'" + bound + "' is no version");
    const auto range = TRY(Range::parse(sign + bound));
    Version release = platform;
    release.prerelease.clear();
    return range.matches(release);
}
}  // namespace

Result<std::vector<Plugin>> read_plugins(const os::FileSystem& fs, const PluginRangeSpec& spec, const os::Path& release_folder) {
    std::vector<Plugin> out;
    const auto folder = os::Path(spec.folder).is_absolute() ? os::Path(spec.folder) : release_folder / spec.folder;
    auto names = fs.list(folder / "");
    if (!names && names.error().code == Code::not_found) return out;
    if (!names) return std::move(names).error();
    for (const auto& name : *names) {
        const auto manifest = folder / name / spec.manifest;
        const auto text = fs.read(manifest, 1U << 20U);
        if (text)
            out.push_back(read_one(*text, manifest, spec, name));
        else if (TRY(fs.info(manifest)).type != os::FileType::missing)
            out.push_back({name, "", "", "", manifest.string(), text.error().message});
    }
    return out;
}

Result<std::vector<Plugin>> parse_plugin_feed(const std::string& text, const PluginRangeSpec& spec) {
    const auto json = TRY(parse_json(text, "the plugin list"));
    if (!json.is_object() || !json.contains("plugins") || !json["plugins"].is_array())
        return fail(Code::invalid, "the plugin list has no array 'plugins'", "check plugins.feed in the site file");
    std::vector<Plugin> out;
    for (const auto& row : json["plugins"]) {
        if (!row.is_object()) return fail(Code::invalid, "a row of the plugin list is no object", "tell whoever publishes it");
        Plugin plugin;
        fill(plugin, row, spec);
        out.push_back(std::move(plugin));
    }
    return out;
}

std::string plugin_update(const Plugin& plugin, const std::vector<Plugin>& offers, const Version& platform) {
    auto newest = Version::parse(plugin.version);
    if (!newest) return {};
    std::string out;
    for (const auto& offer : offers) {
        const auto version = Version::parse(offer.version);
        if (offer.name != plugin.name || !version || !(*newest < *version) || !plugin_conflict(offer, platform).empty()) continue;
        newest = version;
        out = version->text();
    }
    return out;
}

Json plugin_set(const os::FileSystem& fs, const SiteFile& site, const os::Path& release_folder) {
    Json out = Json::object();
    if (!site.plugins) return out;
    const auto plugins = read_plugins(fs, *site.plugins, release_folder);
    if (!plugins) return out;
    for (const auto& p : *plugins) out[p.name] = p.version;
    return out;
}

std::string plugin_conflict(const Plugin& plugin, const Version& platform) {
    if (!plugin.problem.empty()) return plugin.problem;
    if (!plugin.min.empty()) {
        const auto fits = compares(platform, ">=", plugin.min);
        if (!fits) return "its minimum '" + plugin.min + "' is no version";
        if (!*fits) return "needs at least " + plugin.min;
    }
    if (!plugin.max.empty()) {
        const auto fits = compares(platform, "<=", plugin.max);
        if (!fits) return "its maximum '" + plugin.max + "' is no version";
        if (!*fits) return "works up to " + plugin.max + " only";
    }
    return {};
}

}  // namespace uprev
