// SPDX-License-Identifier: Apache-2.0
// uprev config: the configuration that is in force, and where each value of it came from.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

#include "commands/effective.hpp"
#include "commands/exclusive.hpp"
#include "commands/rows.hpp"

namespace uprev::commands {

namespace {
struct Request {
    bool origin = false;
    bool check = false;
    std::string schema;
    std::string reference;
    std::string release;
};

// The active release's file, as far as there is one, below the site's.
Result<std::vector<Layer>> layers_of(const std::string& site_file) {
    const auto fs = os::make_filesystem();
    const Layer site{"site", site_file, TRY(fs->read(site_file, 4U << 20U).within("reading the site file"))};
    const auto alone = TRY(parse_site({site}));
    const auto vendor = os::Path(alone.site.root) / alone.site.current / "uprev.release.yaml";
    const auto text = fs->read(vendor, 1U << 20U);
    if (text) return std::vector<Layer>{{"release", vendor.string(), *text}, site};
    if (text.error().code != Code::not_found) return Error(text.error()).within("reading the active release's file");
    return std::vector<Layer>{site};
}

std::string origin_text(const Origin& origin) {
    return origin.file.empty() ? origin.layer : fmt::format("{} {}:{}", origin.layer, origin.file, origin.line);
}

// A value has one origin, or its parts have.
void collect(const Json& json, const std::string& path, const std::map<std::string, Origin>& origins, Json& out) {
    const auto below = origins.lower_bound(path + ".");
    const bool parts = json.is_object() && !json.empty() && below != origins.end() && below->first.starts_with(path + ".");
    if (const auto known = origins.find(path); known != origins.end() && !parts) {
        const auto& o = known->second;
        out[path] = {{"value", json}, {"layer", o.layer}, {"file", o.file}, {"line", o.line}, {"from", origin_text(o)}};
        return;
    }
    if (!json.is_object()) return;
    for (const auto& [key, value] : json.items()) collect(value, path.empty() ? key : path + "." + key, origins, out);
}

Reply with_origins(const SiteConfig& config) {
    Json json = Json::object();
    collect(effective(config.site), "", config.origins, json);
    std::string text;
    for (const auto& [key, row] : json.items()) {
        const auto value = row["value"].is_string() && !row["value"].get<std::string>().empty()
                               ? row["value"].get<std::string>()
                               : row["value"].dump(-1, ' ', false, Json::error_handler_t::replace);
        text += fmt::format("{:<44} {:<40} # {}\n", key + ":", value, row["from"].get<std::string>());
    }
    return {json, text, 0};
}

Result<Reply> release_file(const Request& r) {
    const auto text = TRY(os::make_filesystem()->read(std::filesystem::absolute(r.release), 1U << 20U));
    const auto release = TRY(parse_release(text, r.release));
    if (r.check) return Reply{{{"file", r.release}, {"valid", true}}, r.release + " is a valid release file\n", 0};
    const auto json = without_empty(effective(release));
    return Reply{json, as_yaml(json), 0};
}

Result<Reply> run(const Globals& globals, const Request& r) {
    if (!r.schema.empty()) {
        const auto schema = r.schema == "site" ? site_schema() : release_schema();
        return Reply{schema, schema.dump(2) + "\n", 0};
    }
    if (!r.reference.empty()) {
        const auto page = r.reference == "site"      ? site_reference()
                          : r.reference == "release" ? release_reference()
                                                     : config_reference();
        return Reply{{{"markdown", page}}, page, 0};
    }
    if (!r.release.empty()) return release_file(r);
    const auto file = TRY(find_site_file(globals.site));
    const auto layers = TRY(layers_of(file));
    const auto config = TRY(parse_site(layers));
    if (r.check) return Reply{{{"file", file}, {"valid", true}, {"id", config.site.id}}, file + " is a valid site file\n", 0};
    if (r.origin) return with_origins(config);
    const auto json = without_empty(effective(config.site));
    return Reply{json, as_yaml(json), 0};
}
}  // namespace

CommandRow config() {
    return {
        "config", "the configuration in force, and where each value comes from",
        "Prints what the site file, the active release's file and the defaults come to together; what is printed is a site file "
        "again.\n\n"
        "  uprev config --origin\n"
        "  uprev config --check\n"
        "  uprev config --release uprev.release.yaml --check     for vendors\n"
        "  uprev config --schema site                            for editors",
        [](CLI::App& app) -> Action {
            auto r = std::make_shared<Request>();
            auto* origin = app.add_flag("--origin", r->origin, "layer, file and line of every value");
            auto* check = app.add_flag("--check", r->check, "only say whether the file is valid");
            auto* schema = app.add_option("--schema", r->schema, "print the JSON Schema of a file")
                               ->check(CLI::IsMember({"site", "release"}));
            auto* reference = app.add_option("--reference", r->reference, "print every key, as Markdown")
                                  ->check(CLI::IsMember({"site", "release", "all"}));
            auto* release =
                app.add_option("--release", r->release, "a vendor's release file, instead of the site file")->type_name("FILE");
            origin->excludes(check)->excludes(schema)->excludes(reference)->excludes(release);
            schema->excludes(reference)->excludes(release)->excludes(check);
            reference->excludes(release)->excludes(check);
            return [r](const Globals& globals) { return run(globals, *r); };
        }};
}

}  // namespace uprev::commands
