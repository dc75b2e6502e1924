// SPDX-License-Identifier: Apache-2.0
// uprev check: what the feed offers, what may be deployed, and why not.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "commands/rows.hpp"
#include "operations/prepare.hpp"

namespace uprev::commands {

namespace {
Json row_of(const Choice& c) {
    return {{"version", c.release.version.text()}, {"channel", c.release.channel},   {"date", c.release.date},
            {"changelog", c.release.changelog},    {"breaking", c.release.breaking}, {"required_stop", c.release.required_stop},
            {"withdrawn", c.release.withdrawn},    {"deployable", c.cause.empty()},  {"cause", c.cause}};
}

Json answer(const Feed& feed, const TargetRequest& request, const std::vector<FeedRelease>& path, const std::string& notice) {
    const auto choices = judge_releases(feed, request);
    const auto* target = path.empty() ? nullptr : &path.back();
    Json releases = Json::array();
    for (const auto& c : choices) releases.push_back(row_of(c));
    Json way = Json::array();
    for (const auto& hop : path) way.push_back(hop.version.text());
    const auto* shown = target;
    for (const auto& c : choices)
        if (shown == nullptr && c.release.version == request.current) shown = &c.release;
    return {{"latest", target != nullptr ? target->version.text() : request.current.text()},
            {"current", request.current.text()},
            {"changelog", shown != nullptr ? shown->changelog : ""},
            {"breaking", target != nullptr && (target->breaking || breaking_on_the_way(feed, request, *target) != nullptr)},
            {"upgrade_available", target != nullptr},
            {"path", way},
            {"feed", feed.simple ? "simple" : "list"},
            {"notice", notice},
            {"releases", releases}};
}

std::string text_of(const Json& a) {
    std::string out = fmt::format("installed  {}\nlatest     {}{}\n", a["current"].get<std::string>(),
                                  a["latest"].get<std::string>(), a["breaking"].get<bool>() ? "  (breaking)" : "");
    if (!a["changelog"].get<std::string>().empty()) out += fmt::format("changelog  {}\n", a["changelog"].get<std::string>());
    if (a["path"].size() > 1) {
        out += "path       " + a["current"].get<std::string>();
        for (const auto& hop : a["path"]) out += " -> " + hop.get<std::string>();
        out += "\n";
    }
    out += "\n";
    for (const auto& r : a["releases"]) {
        const auto cause = r["cause"].get<std::string>();
        out += fmt::format("  {:<12} {}\n", r["version"].get<std::string>(), cause.empty() ? "can be deployed" : cause);
    }
    if (!a["notice"].get<std::string>().empty()) out += "\n" + a["notice"].get<std::string>() + "\n";
    if (a["upgrade_available"].get<bool>())
        out += fmt::format("\nnext: uprev plan --to {0}, then uprev upgrade --to {0}\n", a["path"][0].get<std::string>());
    return out;
}

Result<Reply> run(const Globals& globals) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto session = TRY(Session::open(place, Session::Mode::read));
    auto adapters = TRY(session->adapters({session->site().release}));
    const auto active = TRY(session->active(*adapters->layout));
    const auto feed = TRY(adapters->ports.source->list());
    const auto request = TRY(target_request(*session, {}, active.version));
    const auto path = TRY(choose_path(feed, request));
    const bool patches = session->site().automatic.allow == "patch";
    const std::string notice =
        feed.simple ? std::string("This feed names its latest release only: an older patch (1.4.3 behind 1.5.0) stays hidden") +
                          (patches ? ", so patch-only upgrades may never find one." : ".")
                    : std::string();
    auto json = answer(feed, request, path, notice);
    auto text = text_of(json);
    return Reply{std::move(json), std::move(text), 0};
}
}  // namespace

CommandRow check() {
    return {"check", "what the feed offers, and what may be deployed",
            "Reads the vendor's feed and shows the newest release that may be deployed, and every other one with its cause. "
            "Changes nothing.\n\n"
            "  uprev check\n"
            "  uprev check --json | jq -r .latest",
            [](CLI::App&) -> Action { return run; }};
}

}  // namespace uprev::commands
