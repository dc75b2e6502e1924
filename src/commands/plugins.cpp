// SPDX-License-Identifier: Apache-2.0
// uprev plugins: what is installed, the platform range that each manifest declares, and whether a version fits all of them.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "commands/exclusive.hpp"
#include "commands/rows.hpp"
#include "operations/prepare.hpp"
#include "preflight/plugins.hpp"

namespace uprev::commands {

namespace {
struct Installed {
    std::string platform;
    std::vector<Plugin> plugins;
    std::vector<Plugin> offers;  // of the marketplace; empty where the site names none
};

Result<Installed> installed(Session& session, const Adapters& adapters) {
    if (!session.site().plugins)
        return fail(Code::not_found, "the site file has no 'plugins' section",
                    "say where the manifests lie, for example plugins: {folder: plugins}");
    const auto& spec = *session.site().plugins;
    const auto active = TRY(session.active(*adapters.layout));
    Installed out{active.version, TRY(read_plugins(session.fs(), spec, active.folder)), {}};
    if (!spec.feed.empty()) out.offers = TRY(parse_plugin_feed(TRY(adapters.ports.source->document(spec.feed)), spec));
    return out;
}

std::string range_text(const Plugin& p) {
    if (p.min.empty() && p.max.empty()) return "any version";
    return (p.min.empty() ? "" : "from " + p.min) + (p.min.empty() || p.max.empty() ? "" : " ") +
           (p.max.empty() ? "" : "up to " + p.max);
}

Result<Reply> held_against(const Installed& found, const std::string& version, bool check) {
    const auto platform = TRY(Version::parse(version));
    Json rows = Json::array();
    std::string text;
    int offenders = 0;
    for (const auto& p : found.plugins) {
        const auto why = plugin_conflict(p, platform);
        const auto update = plugin_update(p, found.offers, platform);
        offenders += why.empty() ? 0 : 1;
        rows.push_back({{"name", p.name},
                        {"version", p.version},
                        {"min", p.min},
                        {"max", p.max},
                        {"manifest", p.manifest},
                        {"fits", why.empty()},
                        {"why", why},
                        {"update", update.empty() ? Json() : Json(update)}});
        text += fmt::format("  {:<24} {:<10} {:<28} {}{}\n", p.name, p.version, range_text(p),
                            why.empty() ? "fits" : "DOES NOT FIT: " + why, update.empty() ? "" : "; update " + update + " fits");
    }
    if (found.plugins.empty()) text = "  no plugin is installed\n";
    const Json json = {{"platform", found.platform}, {"for", platform.text()}, {"plugins", rows}, {"offenders", offenders}};
    const auto head = fmt::format("installed {}, plugins against {}\n", found.platform, platform.text());
    const auto tail = offenders > 0 && check ? fmt::format("\nnext: update or remove {} before the upgrade to {}\n",
                                                           offenders == 1 ? "it" : "them", platform.text())
                                             : std::string();
    return Reply{json, head + text + tail, offenders > 0 && check ? 3 : 0};
}

Result<Reply> list(const Globals& globals) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    auto adapters = TRY(session->adapters({session->site().release}));
    const auto found = TRY(installed(*session, *adapters));
    return held_against(found, found.platform, false);
}

// Without --for: the release that `uprev upgrade` would choose, else the installed one.
Result<Reply> check(const Globals& globals, const std::string& named) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    auto adapters = TRY(session->adapters({session->site().release}));
    const auto found = TRY(installed(*session, *adapters));
    if (!named.empty()) return held_against(found, named, true);
    const auto path = TRY(choose_path(TRY(adapters->ports.source->list()), TRY(target_request(*session, {}, found.platform))));
    return held_against(found, path.empty() ? found.platform : path.back().version.text(), true);
}
}  // namespace

CommandRow plugins() {
    return {"plugins", "installed plugins, and whether they fit a version",
            "Reads each plugin's manifest; the same check blocks an upgrade before anything starts.\n\n"
            "  uprev plugins list\n"
            "  uprev plugins check --for 1.5.0",
            [](CLI::App& app) -> Action {
                app.require_subcommand(1);
                auto version = std::make_shared<std::string>();
                auto* listing = app.add_subcommand("list", "each plugin with its range");
                auto* checking = app.add_subcommand("check", "whether all fit; exit code 3 names each that doesn't");
                checking->add_option("--for", *version, "the platform version (default: the one an upgrade would choose)")
                    ->type_name("VERSION");
                return [version, listing](const Globals& globals) {
                    return listing->parsed() ? list(globals) : check(globals, *version);
                };
            }};
}

}  // namespace uprev::commands
