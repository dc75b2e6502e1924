// SPDX-License-Identifier: Apache-2.0
#include "adapters/dependencies/dependencies.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "adapters/dependencies/lock_files.hpp"

namespace uprev {
namespace {

using Names = std::vector<std::string>;

const Dependencies& named(const std::vector<std::unique_ptr<Dependencies>>& all, std::string_view name) {
    for (const auto& one : all) {
        if (one->name() == name) return *one;
    }
    throw std::runtime_error("no such row");
}

TEST(Dependencies, EveryInstallIsFromTheLockFile) {
    const auto all = make_dependencies();
    ASSERT_EQ(5U, all.size());
    EXPECT_EQ((Argv{"npm", "ci", "--no-audit", "--no-fund"}), named(all, "npm").install().argv);
    EXPECT_EQ("--frozen-lockfile", named(all, "pnpm").install().argv.back());
    EXPECT_EQ("--frozen-lockfile", named(all, "yarn").install().argv.back());
    EXPECT_NE(std::string::npos, named(all, "pip").install().shell.find("--require-hashes"));
    EXPECT_TRUE(named(all, "command").install().empty());
    EXPECT_TRUE(named(all, "command").lock_file().empty());
}

TEST(Npm, VersionThreeNamesWhatHasNoIntegrity) {
    const auto lock = R"({"lockfileVersion":3,"packages":{
        "":{"name":"shop"},
        "node_modules/pinned":{"version":"1.0.0","resolved":"https://r/p.tgz","integrity":"sha512-x"},
        "node_modules/@scope/bare":{"version":"2.0.0","resolved":"https://r/b.tgz"},
        "node_modules/pinned/node_modules/git":{"version":"3.0.0","resolved":"git+ssh://git@h/r.git#0a1b"},
        "node_modules/linked":{"resolved":"packages/linked","link":true},
        "packages/linked":{"version":"0.1.0"},
        "node_modules/pinned/node_modules/bundled":{"version":"1.1.1","inBundle":true},
        "node_modules/vendored":{"version":"1.0.0","resolved":"file:vendor/v.tgz"}}})";
    EXPECT_EQ((Names{"@scope/bare@2.0.0", "git@3.0.0"}), *unpinned_npm(lock, "x"));
}

TEST(Npm, VersionOneIsNested) {
    const auto lock = R"({"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","integrity":"sha512-x",
        "dependencies":{"b":{"version":"2.0.0"},"c":{"version":"3.0.0","bundled":true}}},"d":{"version":"file:d"}}})";
    EXPECT_EQ((Names{"b@2.0.0"}), *unpinned_npm(lock, "x"));
}

TEST(Npm, GarbageIsInvalid) {
    EXPECT_EQ(Code::invalid, unpinned_npm("<html>", "x").error().code);
    EXPECT_EQ(Code::invalid, unpinned_npm("[]", "x").error().code);
}

TEST(Pnpm, NamesTarballsAndGit) {
    const auto lock =
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n"
        "  b@https://r/b.tgz:\n    resolution: {tarball: https://r/b.tgz}\n  c@file:c:\n    resolution: {directory: c, type: "
        "directory}\n";
    EXPECT_EQ((Names{"b@https://r/b.tgz"}), *unpinned_pnpm(lock, "x"));
    EXPECT_EQ(Code::invalid, unpinned_pnpm("a: [", "x").error().code);
    EXPECT_EQ(Code::invalid, unpinned_pnpm("just words", "x").error().code);
    EXPECT_TRUE(unpinned_pnpm("lockfileVersion: '9.0'\n", "x")->empty());
}

TEST(Yarn, ClassicAndBerry) {
    const auto classic =
        "# yarn lockfile v1\n\n\"@s/a@^1.0.0\":\n  version \"1.0.0\"\n  resolved \"https://r/a.tgz#1\"\n  integrity sha512-x\n\n"
        "b@^2.0.0:\n  version \"2.0.0\"\n  resolved \"https://r/b.tgz\"\n\n\"c@file:./c\":\n  version \"1.0.0\"\n  resolved "
        "\"file:./c.tgz\"\n";
    EXPECT_EQ((Names{"b@^2.0.0"}), *unpinned_yarn(classic, "x"));
    const auto berry =
        "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  checksum: 10c0/0a\n"
        "  languageName: node\n  linkType: hard\n\n\"shop@workspace:.\":\n  version: 0.0.0-use.local\n  linkType: soft\n\n"
        "\"g@git://x\":\n  version: 1.0.0\n  linkType: hard\n";
    EXPECT_EQ((Names{"g@git://x"}), *unpinned_yarn(berry, "x"));
}

TEST(Pip, LinesWithoutAHash) {
    const auto text =
        "--index-url https://p\n# words\nflask==3.0.0 \\\n    --hash=sha256:aa\nrequests==2.31.0  # why\n-e ./local\n";
    EXPECT_EQ((Names{"-e ./local", "requests==2.31.0"}), *unpinned_pip(text, "x"));
}

TEST(Dependencies, ReadsTheLockFileOfTheFolder) {
    const auto folder = std::filesystem::path(testing::TempDir()) / "uprev-dependencies-test";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "requirements.txt") << "a==1\n";
    const auto all = make_dependencies();
    EXPECT_EQ((Names{"a==1"}), *named(all, "pip").unpinned(folder));
    EXPECT_EQ(Code::not_found, named(all, "npm").unpinned(folder).error().code);
    EXPECT_TRUE(named(all, "command").unpinned(folder)->empty());
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace uprev
