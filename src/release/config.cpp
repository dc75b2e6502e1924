// SPDX-License-Identifier: Apache-2.0
#include "release/config.hpp"

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "release/config_reader.hpp"
#include "release/config_rules.hpp"
#include "release/site_fields.hpp"

namespace uprev {

namespace {

constexpr std::size_t most_problems = 50;

std::string line_of(const Problem& problem, const std::vector<Layer>& layers) {
    if (problem.place.layer < 0)
        return (layers.empty() ? std::string("configuration") : layers.back().file) + ": " + problem.text;
    const auto& file = layers[static_cast<std::size_t>(problem.place.layer)].file;
    return file + ":" + std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + ": " + problem.text;
}

// All of them, one a line, in the order of the files. `page` is where the keys are explained.
Error report(std::vector<Problem> problems, const std::vector<Layer>& layers, const std::string& page) {
    std::sort(problems.begin(), problems.end());
    problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
    std::string text;
    for (std::size_t i = 0; i < problems.size() && i < most_problems; ++i)
        text += (i == 0 ? "" : "\n") + line_of(problems[i], layers);
    if (problems.size() > most_problems) text += "\nand " + std::to_string(problems.size() - most_problems) + " more";
    return fail(Code::invalid, text, "every key is explained in " + page);
}

bool is_release(const Layer& layer) { return layer.name == "release"; }

template <Described T>
void read_alone(const YamlNode& node, std::vector<Problem>& problems) {
    T ignored{};
    ConfigReader(problems, false).read(node, "", ignored);
}

// The layers as one tree of a site; a release layer goes below `release`. Each is judged alone on the way.
YamlNode merge_layers(const std::vector<Layer>& layers, std::vector<Problem>& problems) {
    YamlNode merged;
    merged.kind = YamlNode::Kind::map;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const auto layer = static_cast<int>(i);
        const auto tree = read_yaml(layers[i].text, layer, problems);
        if (merged.place.layer < 0 || !is_release(layers[i])) merged.place = {layer, 1, 1};
        if (is_release(layers[i])) {
            read_alone<ReleaseFile>(tree, problems);
            merge_yaml(merged.at("release", {layer, 1, 1}), tree);
        } else {
            read_alone<SiteFile>(tree, problems);
            check_passwords(tree, "", problems);
            if (tree.kind == YamlNode::Kind::map) merge_yaml(merged, tree);
        }
    }
    return merged;
}

std::map<std::string, Origin> name_origins(const std::map<std::string, TextPlace>& places, const std::vector<Layer>& layers) {
    std::map<std::string, Origin> origins;
    for (const auto& [path, place] : places) {
        if (place.layer < 0) {
            origins[path] = {"default", "", 0};
            continue;
        }
        const auto& layer = layers[static_cast<std::size_t>(place.layer)];
        origins[path] = {layer.name, layer.file, place.line};
    }
    return origins;
}

// "uploads/" and "./uploads" are "uploads": paths are compared and joined later.
void tidy(std::string& path) {
    if (path.empty()) return;
    path = std::filesystem::path(path).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
}

void tidy_paths(SiteFile& site) {
    for (auto* path : {&site.root, &site.shared, &site.current, &site.releases, &site.env_file}) tidy(*path);
    for (auto& path : site.keep) tidy(path);
}

Complain complain_to(ConfigReader& reader) {
    return [&reader](const std::string& path, const std::string& text) { reader.complain(path, text); };
}

// Reads a merged tree that is known to be made of sound layers.
Result<ReleaseFile> read_release(const YamlNode& tree, const std::vector<Layer>& layers) {
    std::vector<Problem> problems;
    ConfigReader reader(problems, true);
    ReleaseFile release;
    reader.read(tree, "", release);
    check_release(release, "", complain_to(reader));
    if (!problems.empty()) return report(std::move(problems), layers, "docs/release-file.md");
    return release;
}

}  // namespace

Result<SiteConfig> parse_site(const std::vector<Layer>& layers) {
    std::vector<Problem> problems;
    const auto tree = merge_layers(layers, problems);
    // What is wrong alone would be reported again, less well, as wrong in the whole.
    if (!problems.empty()) return report(std::move(problems), layers, "docs/site-file.md");
    SiteConfig config;
    ConfigReader reader(problems, true);
    reader.read(tree, "", config.site);
    tidy_paths(config.site);
    check_site(config.site, complain_to(reader));
    if (!problems.empty()) return report(std::move(problems), layers, "docs/site-file.md");
    config.origins = name_origins(reader.origins(), layers);
    return config;
}

Result<ReleaseFile> parse_release(std::string_view text, std::string_view file) { return effective_release(text, file, {}); }

Result<ReleaseFile> effective_release(std::string_view vendor_text, std::string_view vendor_file,
                                      const std::vector<Layer>& site_layers) {
    std::vector<Layer> layers{{"release", std::string(vendor_file), std::string(vendor_text)}};
    for (const auto& layer : site_layers)
        if (!is_release(layer)) layers.push_back(layer);
    std::vector<Problem> problems;
    const auto tree = merge_layers(layers, problems);
    if (!problems.empty()) return report(std::move(problems), layers, "docs/release-file.md");
    const auto* release = tree.find("release");
    return read_release(release == nullptr ? YamlNode{} : *release, layers);
}

}  // namespace uprev
