// SPDX-License-Identifier: Apache-2.0
#include "release/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uprev {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

const std::string head =
    "id: shop\nroot: /opt/shop\nsource: {url: https://example.com/feed}\ntrust: {minisign: {keys: [" + key + "]}}\n";  // 4 lines

Result<SiteConfig> parse(const std::string& text) { return parse_site({{"site", "uprev.yaml", text}}); }

SiteFile good(const std::string& more) {
    auto config = parse(head + more);
    EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().text());
    return config ? config->site : SiteFile{};
}

std::string problems(const std::string& more) {
    const auto config = parse(head + more);
    EXPECT_FALSE(config.has_value()) << more;
    if (config) return "";
    EXPECT_EQ(config.error().code, Code::invalid);
    return config.error().message;
}

TEST(Site, TheLeastOfOneHasDefaults) {
    const auto site = good("");
    EXPECT_EQ(site.id, "shop");
    EXPECT_EQ(site.layout, "beside");
    EXPECT_EQ(site.source.channel, "stable");
    EXPECT_EQ(site.source.feed.url, "https://example.com/feed");
    EXPECT_EQ(site.trust.require, std::vector<std::string>{"minisign"});
    EXPECT_EQ(site.automatic.allow, "off");
    EXPECT_FALSE(site.plugins.has_value());
    EXPECT_FALSE(site.release.dependencies.has_value());
}

TEST(Site, ReadsEveryShape) {
    const auto site = good(R"(user: shop
keep: [.env, uploads]
environment: {NODE_ENV: production, API_TOKEN: "env:SHOP_TOKEN"}
databases:
  main: {kind: postgresql, url: "env:DATABASE_URL", as: postgres, schema_query: select 1}
  cache: {kind: sqlite, path: "${root}/shared/cache.db", schema_query: PRAGMA user_version}
services:
  kind: command
  guard_on: [/bin/true]
  guard_off: {shell: "true", limit: 5s}
  commands:
    web: {start: [web, start], stop: [web, stop], status: {argv: [web, status], cwd: backend, env: {A: b}}}
retention: {releases: 5, reserve_bytes: 1.5GiB}
windows:
  - {days: [sat], from: "02:00", until: "05:00", zone: Europe/Berlin}
maintenance: {on: [touch, x], off: [rm, x]}
notify:
  - {kind: webhook, url: "file:/etc/hook", on: [undone]}
aliases: {shop-upgrade: [upgrade]}
auto: patch
migrate: {accept_point_of_no_return: true}
plugins: plugins
quiesce_limit: 1m30s
release:
  runtimes: {node: ">=18"}
  dependencies: [backend, {path: admin, with: command, command: [make]}]
  builds:
    admin: [npm, run, build]
    front: {command: {argv: [npm, run, build], cwd: front}, after: migrate}
  migrations:
    - {name: core, database: main, command: [npx, medusa, "db:migrate"]}
  services:
    backend: {role: worker, health: [{url: "http://127.0.0.1:1/h", json: {/ok: true}}], version_json: /version}
)");
    EXPECT_EQ(site.keep, (std::vector<std::string>{".env", "uploads"}));
    ASSERT_EQ(site.databases.size(), 2U);
    EXPECT_EQ(site.databases[0].name, "main");
    EXPECT_EQ(site.databases[0].postgresql.schema_query, "select 1");
    EXPECT_EQ(site.databases[0].sqlite.schema_query, "");
    EXPECT_EQ(site.databases[1].sqlite.path, "${root}/shared/cache.db");
    EXPECT_EQ(site.databases[1].sqlite.schema_query, "PRAGMA user_version");
    EXPECT_EQ(site.services.guard_on.argv, Argv{"/bin/true"});
    EXPECT_EQ(site.services.guard_off.shell, "true");
    EXPECT_EQ(site.services.guard_off.limit, Millis(5'000));
    ASSERT_EQ(site.services.commands.size(), 1U);
    EXPECT_EQ(site.services.commands[0].status.cwd, "backend");
    EXPECT_EQ(site.services.commands[0].status.env.at("A"), "b");
    EXPECT_EQ(site.retention.reserve_bytes, 3ULL << 29U);
    EXPECT_EQ(site.windows[0].zone, "Europe/Berlin");
    EXPECT_EQ(site.notify[0].on, std::vector<std::string>{"undone"});
    EXPECT_EQ(site.aliases[0].command, Argv{"upgrade"});
    EXPECT_EQ(site.automatic.allow, "patch");
    EXPECT_TRUE(site.migrate.accept_point_of_no_return);
    EXPECT_EQ(site.plugins->folder, "plugins");
    EXPECT_EQ(site.plugins->min_key, "carphacom_min_version");
    EXPECT_EQ(site.quiesce_limit, Millis(90'000));
    EXPECT_EQ(site.release.runtimes[0].name, "node");
    EXPECT_EQ(site.release.dependencies->at(0).path, "backend");
    EXPECT_EQ(site.release.dependencies->at(1).command.argv, Argv{"make"});
    EXPECT_EQ(site.release.builds[0].command.argv, (Argv{"npm", "run", "build"}));
    EXPECT_EQ(site.release.builds[1].after, "migrate");
    EXPECT_EQ(site.release.services[0].health[0].json.at("/ok"), "true");
}

TEST(Site, ScalarsKeepTheirSpelling) {
    const auto site = good("environment: {A: 1.10, B: 007, C: yes, D: 0x1F, E: 1e3, F: 'off', G: 12:30:45}\n");
    EXPECT_EQ(site.environment.at("A"), "1.10");
    EXPECT_EQ(site.environment.at("B"), "007");
    EXPECT_EQ(site.environment.at("C"), "yes");
    EXPECT_EQ(site.environment.at("D"), "0x1F");
    EXPECT_EQ(site.environment.at("E"), "1e3");
    EXPECT_EQ(site.environment.at("F"), "off");
    EXPECT_EQ(site.environment.at("G"), "12:30:45");
    EXPECT_EQ(good("auto: off\n").automatic.allow, "off");
    EXPECT_EQ(good("auto: {allow: minor, jitter: 1h}\n").automatic.jitter, Millis(3'600'000));
}

TEST(Site, PathsAreTidied) {
    const auto site = good("keep: [uploads/, ./.env, a//b/./c]\ncurrent: now/\nshared: //srv//shop/\n");
    EXPECT_EQ(site.keep, (std::vector<std::string>{"uploads", ".env", "a/b/c"}));
    EXPECT_EQ(site.current, "now");
    EXPECT_EQ(site.shared, "/srv/shop");
}

TEST(Site, EmptySectionsTakeNothingAway) {
    const auto site = good("notify:\nwindows: ~\nrelease:\n");
    EXPECT_TRUE(site.notify.empty());
}

struct Bad {
    const char* more;     // stands in line 5
    const char* message;  // its place included, where it begins with a digit
};

class BadSites : public ::testing::TestWithParam<Bad> {};

TEST_P(BadSites, AreRefusedWithPlaceAndReason) {
    const auto text = problems(GetParam().more);
    EXPECT_THAT(text, HasSubstr(std::string(GetParam().message)));
    EXPECT_THAT(text, HasSubstr("uprev.yaml:"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BadSites,
    ::testing::Values(
        Bad{"databse: {}", "uprev.yaml:5:1: unknown key 'databse'; did you mean 'databases'?"},
        Bad{"wombat: 1", "uprev.yaml:5:1: unknown key 'wombat'"},
        Bad{"retention:\n  releaes: 3", "uprev.yaml:6:3: unknown key 'releaes' in 'retention'; did you mean 'releases'?"},
        Bad{"windows:\n  - {from: \"1:00\", til: \"02:00\"}", "unknown key 'til' in 'windows[0]'"},
        Bad{"id: twice", "uprev.yaml:5:1: duplicate key 'id'; it first stands in line 1"},
        Bad{"keep: [a]\nretention: {releases: 1, snapshots: 2, releases: 3}", "uprev.yaml:6:40: duplicate key 'releases'"},
        Bad{"databases: {a: {kind: sqlite, path: /x/y}, a: {kind: sqlite, path: /x/z}}", "duplicate key 'a'"},
        Bad{"? [a]\n: b", "a key must be plain text"},
        Bad{"databases: {main: {kind: sqlite, path: /x/y, url_env: X}}",
            "key 'url_env' in 'databases.main' belongs to kind 'postgresql', not 'sqlite'"},
        Bad{"services: {kind: pm2, commands: {}}", "key 'commands' in 'services' belongs to kind 'command', not 'pm2'"},
        Bad{"databases: {main: {url: \"env:X\"}}", "'databases.main' lacks the required key 'kind'"},
        Bad{"databases: {main: {kind: sqlite}}", "lacks the required key 'path'"},
        Bad{"windows: [{from: \"02:00\"}]", "'windows[0]' lacks the required key 'until'"}));

INSTANTIATE_TEST_SUITE_P(
    Types, BadSites,
    ::testing::Values(
        Bad{"parallel: two", "uprev.yaml:5:11: 'parallel' must be a whole number, not 'two'"},
        Bad{"parallel: -1", "must be a whole number, not '-1'"}, Bad{"parallel: 2.0", "must be a whole number, not '2.0'"},
        Bad{"parallel: 0", "'parallel' must be between 1 and 64, not 0"},
        Bad{"parallel: 99999999999999999999999", "must be a whole number"},
        Bad{"parallel: [2]", "must be a whole number, not a list"},
        Bad{"parallel:", "'parallel' must be a whole number, not nothing"},
        Bad{"keep: .env", "'keep' must be a list, not '.env'"}, Bad{"keep: [[a]]", "'keep[0]' must be text, not a list"},
        Bad{"keep: [~]", "'keep[0]' must be text, not nothing"},
        Bad{"retention: 3", "'retention' must be a mapping of keys to values, not '3'"},
        Bad{"user: [a]", "'user' must be text, not a list"},
        Bad{"quiesce_limit: 30", "'quiesce_limit' must be a duration like '30s' or '1h30m', not '30'"},
        Bad{"retention: {reserve_bytes: 256}", "must be a size like '256MiB', not '256'"},
        Bad{"migrate: {accept_point_of_no_return: yes}", "must be true or false, not 'yes'"},
        Bad{"migrate: {accept_point_of_no_return: \"true\"}", "must be true or false"},
        Bad{"databases: [{name: a}]", "'databases' must be a mapping of names"},
        Bad{"databases: {main: }", "'databases.main' has no value"}, Bad{"notify: [~]", "'notify[0]' has no value"},
        Bad{"environment: [a]", "'environment' must be a mapping of keys to text, not a list"},
        Bad{"environment: {A: {b: c}}", "'environment.A' must be text, not a mapping"},
        Bad{"maintenance: {on: touch, off: [rm]}", "'maintenance.on' must be a list, not 'touch'"},
        Bad{"writes: sometimes", "'writes' must be one of 'auto', 'frozen', 'live', not 'sometimes'"},
        Bad{"writes: frozn", "did you mean 'frozen'?"}, Bad{"auto: majorr", "'auto' must be one of 'off', 'patch', 'minor'"},
        Bad{"layout: exchange", "'layout' must be 'beside', not 'exchange'"}, Bad{"source: []", "duplicate key 'source'"}));

INSTANTIATE_TEST_SUITE_P(
    Values, BadSites,
    ::testing::Values(
        Bad{"keep: [../etc]", "'keep[0]' must not hold '..'"}, Bad{"keep: [/etc]", "'keep[0]' must be a relative path"},
        Bad{"keep: [a, a/]", "'keep[1]' stands there twice"}, Bad{"keep: [uploads, uploads/big]", "lies below 'uploads'"},
        Bad{"keep: [-rf]", "must not begin with '-'"}, Bad{"keep: [.]", "is the whole release"},
        Bad{"user: root;id", "'user' must be the name of a user"}, Bad{"shared: relative", "'shared' must be an absolute path"},
        Bad{"current: releases", "'current' is the same as 'releases'"},
        Bad{"environment: {\"A B\": x}", "has a key that must be the name of an environment variable"},
        Bad{"environment: {A: \"env:\"}", "must name a variable behind 'env:'"},
        Bad{"environment: {A: \"file:x\"}", "must name an absolute path behind 'file:'"},
        Bad{"environment: {API_TOKEN: hunter2}", "'environment.API_TOKEN' must be a reference"},
        Bad{"environment: {U: \"redis://:hunter2@h/0\"}", ""},
        Bad{"environment: {U: \"redis://u:hunter2@h/0\"}", "'environment.U' holds an address with a password"},
        Bad{"databases: {main: {kind: postgresql, url: \"postgresql://u:hunter2@h/d\"}}", "must not hold a password"},
        Bad{"databases: {main: {kind: postgresql, url: \"postgresql://h/d?password=hunter2\"}}", "must not hold a password"},
        Bad{"databases: {main: {kind: postgresql, url: hunter2}}", "must be a reference"},
        Bad{"databases: {\"../x\": {kind: sqlite, path: /x/y}}", "must be a name of 1 to 64"},
        Bad{"databases: {main: {kind: mysql}}", "must be one of 'postgresql', 'sqlite', not 'mysql'"},
        Bad{"maintenance: {on: [a]}", "'maintenance' needs both 'on' and 'off'"},
        Bad{"maintenance: {on: {argv: [a], shell: b}, off: [c]}", "'maintenance.on' has both 'argv' and 'shell'"},
        Bad{"maintenance: {on: {cwd: x}, off: [c]}", "needs 'argv' (a list) or 'shell' (text)"},
        Bad{"maintenance: {on: [\"\"], off: [c]}", "names no program"},
        Bad{"windows: [{from: \"2:00\", until: \"05:00\"}]", "'windows[0].from' must be a time of day as HH:MM"},
        Bad{"windows: [{from: \"02:00\", until: \"02:00\"}]", "opens and closes at the same time"},
        Bad{"windows: [{from: \"02:00\", until: \"05:00\", days: [friday]}]", "'windows[0].days[0]' must be one of 'mon'"},
        Bad{"windows: [{from: \"02:00\", until: \"05:00\", zone: \"../x\"}]", "must be a time zone"},
        Bad{"notify: [{kind: webhook}]", "lacks the required key 'url'"},
        Bad{"notify: [{kind: command}]", "lacks the required key 'command'"},
        Bad{"notify: [{url: \"ftp://x\"}]", "has a 'url' that must be an http"}, Bad{"aliases: {x: []}", "names no command"},
        Bad{"aliases: {\"../x\": [upgrade]}", "must be a name"},
        Bad{"services: {guard_on: [x]}", "needs both 'guard_on' and 'guard_off'"},
        Bad{"release: {upgrade_from: [blerg]}", "'release.upgrade_from[0]' is no version range"},
        Bad{"release: {version: 1.4}", "'release.version' is no version"},
        Bad{"release: {required_stops: [\"$(id)\"]}", "is no version"},
        Bad{"release: {runtimes: {node: latest}}", "'release.runtimes.node' is no version range"},
        Bad{"release: {migrations: [{name: a, command: [x]}, {name: a, command: [y]}]}", "is used by two migrations"},
        Bad{"release: {migrations: [{name: a, database: b, command: [x]}]}", "names no database of this site: 'b'"},
        Bad{"release: {smoke: [{kind: tcp, address: nowhere}]}", "must be HOST:PORT"},
        Bad{"release: {smoke: [{url: \"http://u:hunter2@h/\"}]}", "must not hold a password"},
        Bad{"release: {smoke: [{url: \"http://h/\", stable: 2m}]}", "must not be longer than 'within'"},
        Bad{"release: {smoke: [{url: \"http://h/\", headers: {Authorization: hunter2}}]}", "must be a reference"},
        Bad{"release: {services: {web: {version_json: /v}}}", "needs an http probe"},
        Bad{"release: {builds: {x: {command: [a], after: gate}}}", "must be 'migrate'"},
        Bad{"release: {dependencies: [{path: x, with: command}]}", "needs 'command'"},
        Bad{"release: {dependencies: [{path: ../x}]}", "must not hold '..'"}));

INSTANTIATE_TEST_SUITE_P(Yaml, BadSites,
                         ::testing::Values(Bad{"keep: [a", "uprev.yaml:5:"}, Bad{"keep: \"a", "not YAML"},
                                           Bad{"\tkeep: a", "not YAML"}, Bad{"keep: &x [a]", "anchors (&name) are not supported"},
                                           Bad{"user: *x", "not YAML"}, Bad{"user: !!binary aGk=", "tags are not supported"},
                                           Bad{"user: \"a\\0b\"", "control characters are not allowed"},
                                           Bad{"user: \"a\\eb\"", "control characters are not allowed: 'a\\x1bb'"},
                                           Bad{"<<: {user: a}", "merge keys"}, Bad{"---\nid: b", "more than one document"}));

TEST(Site, ANulByteNeverHidesTheRest) {
    EXPECT_THAT(problems(std::string("user: a\n") + '\0' + "wombat: 1\n"), HasSubstr("uprev.yaml:6:1: a NUL byte"));
    EXPECT_THAT(parse(std::string(2U << 20U, '#')).error().message, HasSubstr("larger than 1 MiB"));
    std::string deep = "keep: ";
    for (int i = 0; i < 5'000; ++i) deep += "[";
    EXPECT_THAT(problems(deep), HasSubstr("nested deeper than 32"));
}

TEST(Site, RequiredKeysAreNamedTogether) {
    const auto config = parse("user: a\n");
    ASSERT_FALSE(config.has_value());
    EXPECT_THAT(config.error().message, AllOf(HasSubstr("the file lacks the required key 'id'"), HasSubstr("'root'"),
                                              HasSubstr("'source'"), HasSubstr("'trust.minisign.keys' is needed")));
    EXPECT_FALSE(parse("").has_value());
    EXPECT_FALSE(parse("[a]").has_value());
    EXPECT_THAT(parse("id: a\nroot: /x\nsource: {channel: beta}\ntrust: {require: []}").error().message,
                AllOf(HasSubstr("'source' lacks the required key 'url'"), HasSubstr("'trust' requires nothing")));
}

TEST(Site, SayHowTheFeedIsReached) {
    const auto site = [](const std::string& source) {
        return parse("id: a\nroot: /x\ntrust: {require: [sha256]}\nsource: " + source);
    };
    EXPECT_TRUE(site("{url: /srv/feed}").has_value());
    EXPECT_TRUE(site("{url: \"http://h/f\", allow_plain_http: true}").has_value());
    EXPECT_THAT(site("{url: \"http://h/f\"}").error().message, HasSubstr("is plain http"));
    for (const auto* url :
         {"ext::sh", "file:///x", "--upload-pack=x", "https://", "https:// x", "relative/feed.json", "/", "/a/../b"})
        EXPECT_FALSE(site("{url: \"" + std::string(url) + "\"}").has_value()) << url;
}

TEST(Site, IdsAreSafe) {
    for (const auto* id : {"", "A", "a b", "-a", "a/b", "../a", "a;id", "$(id)", "a\\nb", "é", "a.b"})
        EXPECT_FALSE(
            parse("id: \"" + std::string(id) + "\"\nroot: /x\ntrust: {require: [sha256]}\nsource: {url: /srv/feed}").has_value())
            << id;
    EXPECT_FALSE(
        parse("id: " + std::string(65, 'a') + "\nroot: /x\ntrust: {require: [sha256]}\nsource: {url: /srv/feed}").has_value());
}

TEST(Site, AllProblemsComeAtOnceInTheOrderOfTheFile) {
    const auto text = problems("parallel: two\nwombat: 1\nkeep: x\nparallel: 3\n");
    const auto first = text.find("uprev.yaml:5:11: 'parallel'");
    const auto second = text.find("uprev.yaml:6:1: unknown key 'wombat'");
    const auto third = text.find("uprev.yaml:7:7: 'keep' must be a list");
    const auto fourth = text.find("uprev.yaml:8:1: duplicate key 'parallel'");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_LT(third, fourth);
    EXPECT_NE(fourth, std::string::npos) << text;
}

}  // namespace
}  // namespace uprev
