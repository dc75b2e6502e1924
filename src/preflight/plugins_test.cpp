// SPDX-License-Identifier: Apache-2.0
#include "preflight/plugins.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include "os/linux.hpp"
#include "os/test_folder.hpp"

namespace uprev {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Version v(const std::string& text) { return Version::parse(text).value(); }

struct Fit {
    const char* min;
    const char* max;
    const char* platform;
    const char* conflict;  // empty: it fits
};
class PluginRanges : public ::testing::TestWithParam<Fit> {};

TEST_P(PluginRanges, Decide) {
    const auto& c = GetParam();
    EXPECT_EQ(c.conflict, plugin_conflict({"blog", "2.0.0", c.min, c.max, "/x/plugin.json", ""}, v(c.platform)));
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, PluginRanges,
    ::testing::Values(Fit{"", "", "1.0.0", ""}, Fit{"1.2.0", "", "1.2.0", ""}, Fit{"1.2.0", "", "1.1.9", "needs at least 1.2.0"},
                      Fit{"1.2.0", "", "2.0.0", ""}, Fit{"", "1.4.2", "1.4.2", ""},
                      Fit{"", "1.4.2", "1.4.3", "works up to 1.4.2 only"}, Fit{"1.2.0", "1.4.2", "1.3.0", ""},
                      // "1.4" as a maximum covers every 1.4.x; a comparison as text or as 1.4.0 would lock users out.
                      Fit{"", "1.4", "1.4.0", ""}, Fit{"", "1.4", "1.4.99", ""}, Fit{"", "1.4", "1.5.0", "works up to 1.4 only"},
                      Fit{"", "1", "1.99.0", ""}, Fit{"", "1", "2.0.0", "works up to 1 only"}, Fit{"", "1.4.x", "1.4.7", ""},
                      Fit{"", "1.x", "1.10.0", ""}, Fit{"", "1.x", "2.0.0", "works up to 1.x only"}, Fit{"", "1.10", "1.9.0", ""},
                      Fit{"", "1.9", "1.10.0", "works up to 1.9 only"}, Fit{"", "v1.4", "1.4.2", ""}, Fit{"", "*", "99.0.0", ""},
                      Fit{"1.4", "", "1.4.0", ""}, Fit{"1.4", "", "1.3.9", "needs at least 1.4"}, Fit{"1", "", "1.0.0", ""},
                      Fit{"*", "", "0.0.1", ""}, Fit{"v1.2.0", "", "1.2.0", ""}));

INSTANTIATE_TEST_SUITE_P(PreReleases, PluginRanges,
                         ::testing::Values(Fit{"", "1.4", "1.4.0-rc.1", ""}, Fit{"", "1.4", "1.5.0-rc.1", "works up to 1.4 only"},
                                           Fit{"1.2", "1.4", "1.3.0-beta.2", ""}, Fit{"1.4", "", "1.4.0-rc.1", ""},
                                           Fit{"1.4.0", "", "1.4.0-rc.1", "needs at least 1.4.0"},
                                           Fit{"1.4.0-rc.1", "", "1.4.0-rc.2", ""},
                                           Fit{"", "1.4.0-rc.1", "1.4.0", "works up to 1.4.0-rc.1 only"}));

INSTANTIATE_TEST_SUITE_P(BadOnes, PluginRanges,
                         ::testing::Values(Fit{"soon", "", "1.0.0", "its minimum 'soon' is no version"},
                                           Fit{"", "latest", "1.0.0", "its maximum 'latest' is no version"},
                                           Fit{"", "^1.4.0", "1.4.2", "its maximum '^1.4.0' is no version"},
                                           Fit{">=1.2", "", "1.4.2", "its minimum '>=1.2' is no version"},
                                           Fit{"", "1.4 || 9", "9.0.0", "its maximum '1.4 || 9' is no version"},
                                           Fit{"", "1.0 - 2.0", "1.5.0", "its maximum '1.0 - 2.0' is no version"},
                                           Fit{"", " ", "1.0.0", "its maximum ' ' is no version"},
                                           Fit{"1.2.3.4", "", "1.4.2", "its minimum '1.2.3.4' is no version"},
                                           Fit{"1..2", "", "1.4.2", "its minimum '1..2' is no version"}));

TEST(PluginConflict, AProblemIsOne) {
    EXPECT_EQ("its manifest is no object",
              plugin_conflict({"blog", "1.0.0", "", "", "", "its manifest is no object"}, v("1.0.0")));
}

class PluginFolder : public ::testing::Test {
   protected:
    PluginFolder() : fs_(os::make_filesystem()) { spec_.folder = "plugins"; }
    void put(const std::string& name, const std::string& manifest) const {
        std::filesystem::create_directories(folder_.path() / "plugins" / name);
        folder_.put("plugins/" + name + "/" + spec_.manifest, manifest);
    }
    [[nodiscard]] std::vector<Plugin> read() const { return read_plugins(*fs_, spec_, folder_.path()).value(); }

    os::TestFolder folder_;
    std::unique_ptr<os::FileSystem> fs_;
    PluginRangeSpec spec_;
};

TEST_F(PluginFolder, OneRowForEachManifest) {
    put("blog",
        R"({"name": "carphacom-blog", "version": "2.1.0", "carphacom_min_version": "1.2.0", "carphacom_max_version": "1.4", "more": 1})");
    put("seo", R"({"version": "0.1.0"})");
    std::filesystem::create_directories(folder_.path() / "plugins/no-manifest");
    const auto rows = read();
    ASSERT_EQ(2U, rows.size());
    EXPECT_EQ("carphacom-blog", rows[0].name);
    EXPECT_EQ("2.1.0", rows[0].version);
    EXPECT_EQ("1.2.0", rows[0].min);
    EXPECT_EQ("1.4", rows[0].max);
    EXPECT_EQ((folder_.path() / "plugins/blog/plugin.json").string(), rows[0].manifest);
    EXPECT_EQ("", rows[0].problem);
    EXPECT_EQ("seo", rows[1].name);  // by its folder
    EXPECT_EQ("", rows[1].min);
}

TEST_F(PluginFolder, FilesBesidePluginsAreNone) {
    put("blog", R"({"version": "1.0.0"})");
    folder_.put("plugins/README.md", "# plugins");
    folder_.put("plugins/.gitkeep", "");
    EXPECT_EQ(1U, read().size());
}

TEST_F(PluginFolder, NoFolderMeansNoPlugins) { EXPECT_THAT(read(), IsEmpty()); }

TEST_F(PluginFolder, KeysAndManifestAreTheSites) {
    spec_.manifest = "module.json";
    spec_.min_key = "needs";
    spec_.max_key = "until";
    put("blog", R"({"needs": "3.0.0", "until": "4", "carphacom_min_version": "9.0.0"})");
    ASSERT_EQ(1U, read().size());
    EXPECT_EQ("3.0.0", read()[0].min);
    EXPECT_EQ("4", read()[0].max);
}

TEST_F(PluginFolder, ItMayLieElsewhereAndBehindASymlink) {
    put("blog", R"({"version": "1.0.0"})");
    spec_.folder = (folder_.path() / "plugins").string();
    EXPECT_EQ(1U, read_plugins(*fs_, spec_, "/nowhere").value().size());
    std::filesystem::create_symlink(folder_.path() / "plugins", folder_.path() / "linked");
    spec_.folder = "linked";
    EXPECT_EQ(1U, read().size());
    std::filesystem::create_directory_symlink(folder_.path() / "plugins/blog", folder_.path() / "plugins/twin");
    EXPECT_EQ(2U, read().size());
}

TEST_F(PluginFolder, AManifestThatCannotBeReadBlocks) {
    put("a-broken", "{\"name\": ");
    put("b-list", "[]");
    put("c-twice", R"({"version": "1.0.0", "version": "2.0.0"})");
    put("d-number", R"({"version": "1.0.0", "carphacom_min_version": 1.2})");
    put("e-number", R"({"version": "1.0.0", "carphacom_max_version": 2})");
    std::filesystem::create_directories(folder_.path() / "plugins/f-folder/plugin.json");
    put("g-large", std::string((1U << 20U) + 1, ' '));
    const auto rows = read();
    ASSERT_EQ(7U, rows.size());
    for (const auto& row : rows) {
        EXPECT_FALSE(row.problem.empty()) << row.name;
        EXPECT_EQ(row.problem, plugin_conflict(row, v("1.0.0")));
    }
    EXPECT_EQ("its manifest is no object", rows[1].problem);
    EXPECT_EQ("'carphacom_min_version' is not text", rows[3].problem);
    EXPECT_EQ("'carphacom_max_version' is not text", rows[4].problem);
}

TEST_F(PluginFolder, TheSetOfAGeneration) {
    put("blog", R"({"version": "2.0.0"})");
    put("broken", "{");
    SiteFile site;
    EXPECT_EQ(Json::object(), plugin_set(*fs_, site, folder_.path()));
    site.plugins = spec_;
    EXPECT_EQ((Json{{"blog", "2.0.0"}, {"broken", ""}}), plugin_set(*fs_, site, folder_.path()));
}

TEST(PluginFeed, OneRowForEachReleaseOfEach) {
    const auto rows = parse_plugin_feed(
        R"({"plugins": [{"name": "blog", "version": "2.0.0", "carphacom_max_version": "1.4"}, {"name": "blog", "version": "3.0.0"}], "x": 1})",
        {});
    ASSERT_TRUE(rows.has_value());
    ASSERT_EQ(2U, rows->size());
    EXPECT_EQ("blog", (*rows)[0].name);
    EXPECT_EQ("1.4", (*rows)[0].max);
    EXPECT_TRUE(parse_plugin_feed(R"({"plugins": []})", {})->empty());
}

TEST(PluginFeed, OneThatIsNoneIsRefused) {
    for (const auto* text :
         {"", "[]", "{}", R"({"plugins": {}})", R"({"plugins": [1]})", "<html>", R"({"plugins": [], "plugins": []})"}) {
        const auto rows = parse_plugin_feed(text, {});
        ASSERT_FALSE(rows.has_value()) << text;
        EXPECT_EQ(Code::invalid, rows.error().code);
    }
}

TEST(PluginUpdate, TheNewestThatFits) {
    const Plugin installed{"blog", "2.0.0", "", "", "", ""};
    const std::vector<Plugin> offers{{"blog", "2.1.0", "", "1.4", "", ""}, {"blog", "2.3.0", "", "1.4", "", ""},
                                     {"blog", "2.2.0", "", "1.4", "", ""}, {"blog", "3.0.0", "1.5", "", "", ""},
                                     {"seo", "9.0.0", "", "", "", ""},     {"blog", "1.9.0", "", "", "", ""},
                                     {"blog", "soon", "", "", "", ""},     {"blog", "8.0.0", "", "", "", "a problem"}};
    EXPECT_EQ("2.3.0", plugin_update(installed, offers, v("1.4.2")));
    EXPECT_EQ("3.0.0", plugin_update(installed, offers, v("1.5.0")));
    EXPECT_EQ("", plugin_update({"blog", "3.0.0", "", "", "", ""}, offers, v("1.5.0")));
    EXPECT_EQ("", plugin_update({"other", "1.0.0", "", "", "", ""}, offers, v("1.5.0")));
    EXPECT_EQ("", plugin_update({"blog", "unknown", "", "", "", ""}, offers, v("1.5.0")));
    EXPECT_EQ("", plugin_update(installed, {}, v("1.5.0")));
}

}  // namespace
}  // namespace uprev
