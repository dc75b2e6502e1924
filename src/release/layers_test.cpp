// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "release/config.hpp"
#include "release/init_template.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;

const std::string key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

const Layer vendor{
    "release", "uprev.release.yaml",
    "version: 1.4.2\nschema: \"7\"\nbuilds:\n  admin: [npm, run, build]\nservices:\n  web: {folder: backend, role: worker}\n"};
const Layer base{"template", "base.yaml",
                 "root: /opt/base\nsource: {url: https://example.com/feed, channel: beta}\ntrust: {minisign: {keys: [" + key +
                     "]}}\nkeep: [.env, uploads]\nenvironment: {A: one, B: two}\ndatabases:\n  main: {kind: postgresql, url: "
                     "env:URL, as: postgres}\nmaintenance: {on: [a], off: {argv: [b], limit: 5s}}\n"};
const Layer site{
    "site", "site.yaml",
    "id: shop\nroot: /opt/shop\nsource: {channel: stable}\nkeep: [.env]\nenvironment: {B: three}\ndatabases:\n  main: {kind: "
    "sqlite, path: /x/y}\n  extra: {kind: sqlite, path: /x/z}\n"
    "maintenance: {off: {shell: c}}\nrelease:\n  schema: \"8\"\n  services:\n    web: {role: web}\n    job: {role: worker}\n"};

SiteConfig merged(const std::vector<Layer>& layers) {
    auto config = parse_site(layers);
    EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().text());
    return config ? *config : SiteConfig{};
}

TEST(Layers, LaterOnesWinKeyByKeyAndListsWhole) {
    const auto result = merged({vendor, base, site}).site;
    EXPECT_EQ(result.root, "/opt/shop");
    EXPECT_EQ(result.source.feed.url, "https://example.com/feed");
    EXPECT_EQ(result.source.channel, "stable");
    EXPECT_EQ(result.keep, std::vector<std::string>{".env"});
    EXPECT_EQ(result.environment, (std::map<std::string, std::string>{{"A", "one"}, {"B", "three"}}));
    ASSERT_EQ(result.databases.size(), 2U);
    EXPECT_EQ(result.databases[0].kind, "sqlite");  // another kind is another thing: nothing of the first is left
    EXPECT_EQ(result.databases[0].sqlite.path, "/x/y");
    EXPECT_EQ(result.databases[0].postgresql.as, "");
    EXPECT_EQ(result.maintenance.off.shell, "c");
    EXPECT_TRUE(result.maintenance.off.argv.empty());
    EXPECT_EQ(result.maintenance.off.limit, Millis(5'000));
    EXPECT_EQ(result.release.version, "1.4.2");
    EXPECT_EQ(result.release.schema, "8");
    ASSERT_EQ(result.release.services.size(), 2U);
    EXPECT_EQ(result.release.services[0].role, "web");
    EXPECT_EQ(result.release.services[0].folder, "backend");
    EXPECT_EQ(result.release.builds[0].name, "admin");
}

TEST(Layers, OriginsNameLayerFileAndLine) {
    const auto origins = merged({vendor, base, site}).origins;
    const auto origin = [&](const std::string& path) {
        const auto at = origins.find(path);
        return at == origins.end() ? "none" : at->second.layer + " " + at->second.file + ":" + std::to_string(at->second.line);
    };
    EXPECT_EQ(origin("id"), "site site.yaml:1");
    EXPECT_EQ(origin("source.url"), "template base.yaml:2");
    EXPECT_EQ(origin("source.channel"), "site site.yaml:3");
    EXPECT_EQ(origin("source.timeout"), "default :0");
    EXPECT_EQ(origin("keep"), "site site.yaml:4");
    EXPECT_EQ(origin("environment.A"), "template base.yaml:5");
    EXPECT_EQ(origin("environment.B"), "site site.yaml:5");
    EXPECT_EQ(origin("databases.main.path"), "site site.yaml:7");
    EXPECT_EQ(origin("release.version"), "release uprev.release.yaml:1");
    EXPECT_EQ(origin("release.services.web.role"), "site site.yaml:13");
    EXPECT_EQ(origin("release.services.web.folder"), "release uprev.release.yaml:6");
    EXPECT_EQ(origin("maintenance.on"), "template base.yaml:8");
    EXPECT_EQ(origin("layout"), "default :0");
    EXPECT_EQ(origin("trust.minisign.allow_legacy"), "default :0");
    EXPECT_EQ(origin("windows"), "default :0");
    EXPECT_EQ(origin("plugins"), "default :0");
    EXPECT_EQ(origin("services.commands"), "default :0");
    EXPECT_EQ(origin("services.ecosystem"), "none");  // not of this kind
}

TEST(Layers, AMistakeCountsAlsoWhereALaterLayerWins) {
    auto wrong = base;
    wrong.text += "parallel: many\n";
    auto right = site;
    right.text += "parallel: 4\n";
    EXPECT_THAT(parse_site({wrong, right}).error().message, HasSubstr("base.yaml:9:11: 'parallel' must be a whole number"));
}

TEST(Layers, TheEffectiveReleaseIsTheVendorsUnderTheSites) {
    const auto release = effective_release(vendor.text, vendor.file, {base, site});
    ASSERT_TRUE(release.has_value()) << release.error().text();
    EXPECT_EQ(release->version, "1.4.2");
    EXPECT_EQ(release->schema, "8");
    EXPECT_EQ(release->services[0].role, "web");
    EXPECT_EQ(release->services[0].folder, "backend");
    EXPECT_EQ(effective_release("", "", {site})->schema, "8");
    EXPECT_EQ(effective_release(vendor.text, vendor.file, {})->schema, "7");
    EXPECT_THAT(effective_release("verson: 1.0.0", "r.yaml", {site}).error().message,
                HasSubstr("r.yaml:1:1: unknown key 'verson'; did you mean 'version'?"));
}

TEST(ReleaseFile, ProblemsCarryItsOwnPaths) {
    EXPECT_TRUE(parse_release(vendor.text, "r.yaml").has_value());
    EXPECT_TRUE(parse_release("", "r.yaml").has_value());
    EXPECT_THAT(parse_release("[]", "r.yaml").error().message, HasSubstr("r.yaml:1:1: the file must be a mapping"));
    EXPECT_THAT(parse_release("migrations: [{name: a}]", "r.yaml").error().message,
                HasSubstr("r.yaml:1:14: 'migrations[0]' lacks the required key 'command'"));
    EXPECT_THAT(parse_release("services: {web: {version_json: /v}}", "r.yaml").error().message,
                HasSubstr("r.yaml:1:32: 'services.web.version_json' needs an http probe"));
    EXPECT_THAT(parse_release("application: a\napplication: b\n", "r.yaml").error().message,
                HasSubstr("r.yaml:2:1: duplicate key"));
}

TEST(Pinned, AllOfASiteComesBack) {
    auto config = merged({vendor, base, site});
    config.site.plugins = PluginRangeSpec{"plugins", "m.json", "a", "b", "https://example.com/plugins.json"};
    config.site.release.dependencies.emplace().push_back({"backend", "npm", {}});
    config.site.databases[0].postgresql.url = "env:X";  // of the other kind: kept all the same
    config.site.windows.push_back({{"sat"}, "02:00", "05:00", "UTC"});
    config.site.retention.reserve_bytes = (1ULL << 53U) + 1;
    config.site.automatic.jitter = Millis(1'801);
    const auto json = to_json(config.site);
    const auto text = json.dump();
    const auto again = site_from_json(Json::parse(text));
    ASSERT_TRUE(again.has_value()) << again.error().text();
    EXPECT_EQ(to_json(*again).dump(), text);
    EXPECT_EQ(again->databases[0].postgresql.url, "env:X");
    EXPECT_EQ(again->retention.reserve_bytes, (1ULL << 53U) + 1);
    EXPECT_EQ(again->automatic.jitter, Millis(1'801));
    EXPECT_EQ(again->release.services[0].name, "web");
    EXPECT_TRUE(again->release.dependencies.has_value());
    EXPECT_EQ(json["source"]["feed"]["timeout"], "1m");
    EXPECT_EQ(json["databases"][0]["name"], "main");
}

TEST(Pinned, DefaultsAndAbsenceComeBack) {
    const auto site_again = site_from_json(to_json(SiteFile{}));
    ASSERT_TRUE(site_again.has_value());
    EXPECT_FALSE(site_again->plugins.has_value());
    EXPECT_EQ(to_json(*site_again).dump(), to_json(SiteFile{}).dump());
    const auto release_again = release_from_json(to_json(ReleaseFile{}));
    EXPECT_FALSE(release_again->dependencies.has_value());
    EXPECT_EQ(release_from_json(Json::object())->breaking, false);
}

TEST(Pinned, WhatANewerOneWroteIsRefused) {
    auto json = to_json(SiteFile{});
    json["source"]["feed"]["quantum"] = true;
    EXPECT_THAT(site_from_json(json).error().text(),
                HasSubstr("'source.feed' holds keys that this version of uprev doesn't know"));
    for (const auto* bad : {"[]", "null", R"({"id": 5})", R"({"keep": "x"})", R"({"keep": [1]})", R"({"parallel": "2"})",
                            R"({"quiesce_limit": 5})", R"({"retention": {"reserve_bytes": 5}})", R"({"plugins": 5})"})
        EXPECT_FALSE(site_from_json(Json::parse(bad)).has_value()) << bad;
}

RC_GTEST_PROP(PinnedProperties, AnyTextSurvives,
              (const std::string& name, const std::map<std::string, std::string>& values, std::int32_t number)) {
    ReleaseFile release;
    const auto printable = [](std::string text) {
        for (auto& c : text) c = static_cast<char>(' ' + static_cast<unsigned char>(c) % 95);
        return text;
    };
    release.schema = printable(name);
    for (const auto& [k, v] : values) release.environment.deprecated[printable(k)] = printable(v);
    ProbeSpec probe;
    probe.every = Millis(std::abs(number / 2));
    probe.json = release.environment.deprecated;
    release.smoke.push_back(probe);
    release.builds.push_back({printable(name), {{printable(name), "x"}, "", "", {}, Millis(5)}, ""});
    const auto again = release_from_json(Json::parse(to_json(release).dump()));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->schema == release.schema);
    RC_ASSERT(again->environment.deprecated == release.environment.deprecated);
    RC_ASSERT(again->smoke.front().every == probe.every);
    RC_ASSERT(again->builds.front().command.argv == release.builds.front().command.argv);
}

TEST(InitTemplate, ParsesForEveryCombinationOfAnswers) {
    for (const auto* services : {"pm2", "command"})
        for (const auto* database : {"", "postgresql", "sqlite"})
            for (const auto* url : {"https://example.com/feed", "http://example.com/feed", "/srv/feed"})
                for (const auto& minisign : {std::string(), key}) {
                    const InitAnswers answers{"shop", "/opt/my shop", "shop", "www-data", services, database, url, minisign};
                    const auto text = site_template(answers);
                    ASSERT_TRUE(text.has_value()) << text.error().text();
                    const auto parsed = merged({{"site", "x", *text}}).site;
                    EXPECT_EQ(parsed.root, "/opt/my shop");
                    EXPECT_EQ(parsed.services.kind, services);
                    EXPECT_EQ(parsed.databases.size(), std::string(database).empty() ? 0U : 1U);
                    EXPECT_EQ(parsed.source.feed.url, url);
                    EXPECT_EQ(parsed.trust.minisign.keys.empty(), minisign.empty());
                }
}

TEST(InitTemplate, HostileAnswersAreRefusedAndNeverBecomeKeys) {
    InitAnswers answers{"shop", "/opt/shop", "", "", "pm2", "", "https://example.com/feed", key};
    ASSERT_TRUE(site_template(answers).has_value());
    answers.root = "/opt/x\"\nuser: \"root";
    const auto text = site_template(answers);
    if (text) {
        EXPECT_EQ(merged({{"site", "x", *text}}).site.user, "");
    }
    answers.root = "/opt/shop";
    answers.id = "Shop!";
    EXPECT_THAT(site_template(answers).error().text(), HasSubstr("'id' must be"));
    answers.id = "shop";
    answers.minisign_key = "nonsense";
    EXPECT_FALSE(site_template(answers).has_value());
}

}  // namespace
}  // namespace uprev
