// SPDX-License-Identifier: Apache-2.0
// The checked-in schemas and reference pages are what the table of fields gives, and the schemas agree with the parser.
// UPREV_ACCEPT=1 rewrites the files.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/text.hpp"
#include "release/config.hpp"
#include "release/init_template.hpp"
#include "release/yaml_tree.hpp"

namespace uprev {
namespace {

using PlainJson = nlohmann::json;

std::string file_path(const std::string& name) { return std::string(UPREV_SOURCE_DIR) + "/" + name; }

std::string read_file(const std::string& name) {
    std::ifstream file(file_path(name), std::ios::binary);
    EXPECT_TRUE(file.good()) << name << " cannot be read";
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool accepting() {
    const auto* accept = std::getenv("UPREV_ACCEPT");
    return accept != nullptr && std::string_view(accept) == "1";
}

void expect_golden(const std::string& name, const std::string& wanted) {
    if (accepting()) std::ofstream(file_path(name), std::ios::binary) << wanted;
    EXPECT_EQ(read_file(name), wanted) << name << " is stale: run this test with UPREV_ACCEPT=1";
}

// The page's prose is written by hand; what stands between the two markers is generated.
void expect_golden_part(const std::string& name, const std::string& generated) {
    constexpr std::string_view begin = "<!-- generated: begin -->\n";
    constexpr std::string_view end = "<!-- generated: end -->";
    const auto page = read_file(name);
    const auto from = page.find(begin);
    const auto to = page.find(end);
    ASSERT_TRUE(from != std::string::npos && to != std::string::npos && from < to) << name << " lacks its markers";
    expect_golden(name, page.substr(0, from + begin.size()) + "\n" + generated + "\n" + page.substr(to));
}

// As an editor's YAML loader would: YAML 1.2's core schema.
PlainJson core_scalar(const YamlNode& node) {
    const auto& text = node.scalar;
    if (node.quoted) return text;
    if (text == "true" || text == "false") return text == "true";
    if (text == "null" || text == "~" || text.empty()) return nullptr;
    const auto* end = text.data() + text.size();
    std::int64_t whole = 0;
    if (std::from_chars(text.data(), end, whole).ptr == end) return whole;
    double number = 0;
    if (std::from_chars(text.data(), end, number).ptr == end) return number;
    return text;
}

PlainJson core_json(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar) return core_scalar(node);
    if (node.kind == YamlNode::Kind::list) {
        auto json = PlainJson::array();
        for (const auto& item : node.items) json.push_back(core_json(item));
        return json;
    }
    if (node.kind != YamlNode::Kind::map) return nullptr;
    auto json = PlainJson::object();
    for (const auto& entry : node.entries) json[entry.key] = core_json(entry.value);
    return json;
}

// "" when the schema takes the text, else its complaints.
std::string complaints(const Json& schema_json, const std::string& yaml) {
    std::vector<Problem> problems;
    const auto document = core_json(read_yaml(yaml, 0, problems));
    EXPECT_TRUE(problems.empty());
    const auto plain = PlainJson::parse(schema_json.dump());
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(plain), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results)) return "";
    std::string text;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) text += join(error.context, "") + ": " + error.description + "\n";
    return text.empty() ? "refused" : text;
}

TEST(Schema, TheCheckedInOnesAreTheGenerated) {
    expect_golden("schema/uprev.schema.json", site_schema().dump(2) + "\n");
    expect_golden("schema/uprev.release.schema.json", release_schema().dump(2) + "\n");
}

TEST(Reference, ThePagesHoldTheGenerated) {
    expect_golden_part("docs/site-file.md", site_reference());
    expect_golden_part("docs/release-file.md", release_reference());
    EXPECT_NE(config_reference().find(site_reference()), std::string::npos);
    EXPECT_NE(config_reference().find(release_reference()), std::string::npos);
}

TEST(Schema, TakesTheExamplesAndSoDoesTheParser) {
    const auto site = read_file("examples/carphacom/uprev.yaml");
    const auto release = read_file("examples/carphacom/uprev.release.yaml");
    EXPECT_EQ(complaints(site_schema(), site), "");
    EXPECT_EQ(complaints(release_schema(), release), "");
    const auto parsed = parse_site({{"release", "uprev.release.yaml", release}, {"site", "uprev.yaml", site}});
    ASSERT_TRUE(parsed.has_value()) << parsed.error().text();
    EXPECT_EQ(parsed->site.root, "/opt/carphacom");
    EXPECT_EQ(parsed->site.automatic.allow, "off");
    ASSERT_EQ(parsed->site.release.services.size(), 3U);
    EXPECT_EQ(parsed->site.release.services[0].health[0].json.at("/ok"), "true");
    EXPECT_EQ(parsed->site.release.migrations[0].command.argv, (Argv{"npx", "medusa", "db:migrate"}));
}

TEST(Schema, TakesWhatInitWrites) {
    for (const auto* database : {"", "postgresql", "sqlite"}) {
        const auto text = site_template({"shop", "/opt/shop", "shop", "shop", "pm2", database, "https://example.com/feed", ""});
        ASSERT_TRUE(text.has_value());
        EXPECT_EQ(complaints(site_schema(), *text), "");
    }
}

const std::string least = "id: shop\nroot: /opt/shop\nsource: {url: /srv/feed}\ntrust: {require: [sha256]}\n";

TEST(Schema, AgreesWithTheParserOnGoodAndBad) {
    struct Case {
        const char* more;
        bool good;
    };
    const std::array cases{
        Case{"", true},
        Case{"auto: patch", true},
        Case{"auto: {allow: minor, jitter: 5m}", true},
        Case{"auto: sometimes", false},
        Case{"wombat: 1", false},
        Case{"parallel: 4", true},
        Case{"parallel: two", false},
        Case{"parallel: 65", false},
        Case{"parallel: [1]", false},
        Case{"keep: [.env, uploads]", true},
        Case{"keep: .env", false},
        Case{"keep: [/etc]", false},
        Case{"quiesce_limit: 1h30m", true},
        Case{"quiesce_limit: 30", false},
        Case{"retention: {reserve_bytes: 256MiB}", true},
        Case{"retention: {reserve_bytes: 256}", false},
        Case{"maintenance: {on: [a], off: {shell: b, limit: 5s}}", true},
        Case{"maintenance: {on: [a], off: {shell: b, argv: [c]}}", false},
        Case{"maintenance: {on: [a], off: {cwd: x}}", false},
        Case{"environment: {A: 1.10, B: true, C: text}", true},
        Case{"environment: {A: [1]}", false},
        Case{"databases: {main: {kind: sqlite, path: /x/y}}", true},
        Case{"databases: {main: {kind: sqlite, path: /x/y, url_env: X}}", false},
        Case{"databases: {main: {kind: sqlite}}", false},
        Case{"databases: {main: {kind: mysql}}", false},
        Case{"databases: {main: {path: /x/y}}", false},
        Case{"databases: [{name: main}]", false},
        Case{"services: {kind: pm2, apps: [a]}", true},
        Case{"services: {kind: pm2, commands: {}}", false},
        Case{"services: {apps: [a]}", false},
        Case{"windows: [{from: \"02:00\", until: \"05:00\"}]", true},
        Case{"windows: [{from: \"02:00\"}]", false},
        Case{"windows: [{from: \"25:00\", until: \"05:00\"}]", false},
        Case{"notify: [{url: \"https://x/y\"}, {kind: command, command: [a]}]", true},
        Case{"notify: [{kind: command}]", false},
        Case{"aliases: {shop-upgrade: [upgrade]}", true},
        Case{"plugins: plugins", true},
        Case{"release: {version: 1.4.2, dependencies: [a, {path: b}], runtimes: {node: \">=18\"}}", true},
        Case{"release: {builds: {a: [make], b: {command: {argv: [make], cwd: b}, after: migrate}}}", true},
        Case{"release: {builds: {a: {after: migrate}}}", false},
        Case{"release: {smoke: [{kind: tcp, address: \"h:1\"}]}", true},
        Case{"release: {smoke: [{kind: tcp, url: \"http://h/\"}]}", false},
        Case{"notify:", true},
    };
    for (const auto& [more, good] : cases) {
        const auto text = least + more + "\n";
        EXPECT_EQ(parse_site({{"site", "x", text}}).has_value(), good) << more;
        const auto schema_says = complaints(site_schema(), text);
        EXPECT_EQ(schema_says.empty(), good) << more << "\n" << schema_says;
    }
}

}  // namespace
}  // namespace uprev
