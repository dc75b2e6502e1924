// SPDX-License-Identifier: Apache-2.0
#include "os/secrets.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "os/linked_file.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

class SecretsTest : public ::testing::Test {
   protected:
    std::string file(const std::string& text, unsigned mode = 0600) {
        return "file:" + folder_.put("secret", text, mode).string();
    }
    Result<std::map<std::string, std::string>> env(const std::string& text) { return read_env_file(folder_.put("env", text)); }
    TestFolder folder_;
};

TEST_F(SecretsTest, ReferencesAreResolvedAndMarked) {
    ::setenv("UPREV_TEST_SECRET", "from the environment", 1);
    EXPECT_EQ(reveal("env:UPREV_TEST_SECRET")->value, "from the environment");
    EXPECT_TRUE(reveal("env:UPREV_TEST_SECRET")->secret);
    EXPECT_EQ(reveal(file("from a file\n"))->value, "from a file");
    EXPECT_EQ(reveal(file("two\nlines\r\n"))->value, "two\nlines");
    EXPECT_EQ(reveal("plain")->value, "plain");
    EXPECT_FALSE(reveal("plain")->secret);
    EXPECT_FALSE(reveal("environment")->secret);
}

TEST_F(SecretsTest, WhatCannotBeResolvedIsNamed) {
    EXPECT_EQ(reveal("env:UPREV_NOT_SET").error().code, Code::not_found);
    EXPECT_EQ(reveal("env:").error().code, Code::not_found);
    EXPECT_EQ(reveal("file:/nonexistent/secret").error().code, Code::not_found);
    EXPECT_EQ(reveal("file:relative").error().code, Code::invalid);
    EXPECT_EQ(reveal("file:/dev/null").error().code, Code::refused);
    EXPECT_EQ(reveal(file(std::string(70'000, 'x'))).error().code, Code::exhausted);
}

TEST_F(SecretsTest, AFileThatOthersMayWriteIsNoSecret) {
    EXPECT_EQ(reveal(file("x", 0602)).error().code, Code::refused);
    EXPECT_TRUE(reveal(file("x", 0644)));
    ::chmod(folder_.path().c_str(), 0777);
    EXPECT_EQ(reveal(file("x")).error().code, Code::refused) << "whoever may write the folder may put another file there";
    ::chmod(folder_.path().c_str(), 0700);
    ASSERT_EQ(::mkfifo((folder_.path() / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(reveal("file:" + (folder_.path() / "fifo").string()).error().code, Code::refused);
    std::filesystem::create_symlink(folder_.path() / "secret", folder_.path() / "link");
    EXPECT_EQ(reveal("file:" + (folder_.path() / "link").string())->value, "x") << "mounted secrets are symlinks";
}

// Root: a file that the application's user owns could be a link to any file that root can read. Others: their own files are theirs.
TEST_F(SecretsTest, RootTakesNoSecretFromAnotherUser) {
    const auto reference = file("x");
    if (::geteuid() != 0) {
        EXPECT_TRUE(reveal(reference));
        return;
    }
    ASSERT_EQ(::chown((folder_.path() / "secret").c_str(), 65534, 65534), 0);
    EXPECT_EQ(reveal(reference).error().code, Code::refused);
    ASSERT_EQ(::chown((folder_.path() / "secret").c_str(), 0, 0), 0);
    EXPECT_TRUE(reveal(reference));
    ASSERT_EQ(::chown(folder_.path().c_str(), 65534, 65534), 0);
    EXPECT_EQ(reveal(reference).error().code, Code::refused);
}

TEST_F(SecretsTest, EnvironmentFilesAreReadAsDotenvDoes) {
    const auto read =
        env("\xef\xbb\xbf# comment\n\nA=1\n export B = two words  # note\nC=\"a \\\"q\\\" \\n b # no comment\"\nD='$HOME "
            "\\n'\nE=\nF=a#b\nG=\"two\nlines\"\r\nH=x=y\nA=2");
    ASSERT_TRUE(read) << read.error().text();
    const std::map<std::string, std::string> expected{{"A", "2"},          {"B", "two words"}, {"C", "a \"q\" \n b # no comment"},
                                                      {"D", "$HOME \\n"},  {"E", ""},          {"F", "a#b"},
                                                      {"G", "two\nlines"}, {"H", "x=y"}};
    EXPECT_EQ(*read, expected);
    EXPECT_TRUE(env("")->empty());
}

TEST_F(SecretsTest, EnvironmentFilesThatAreWrongNameTheLineButNoValue) {
    struct Row {
        std::string text;
        std::string where;
    };
    for (const auto& row :
         {Row{"A=1\nhunter2\n", ":2:"}, Row{"A=\"hunter2\nB=1\n", ":1:"}, Row{"1A=hunter2", ":1:"}, Row{"=hunter2", ":1:"},
          Row{"A='x' hunter2", ":1:"}, Row{"A=1\n\n\nhunter2: x", ":4:"}, Row{std::string("A=hunter2\0", 10), ":1:"}}) {
        const auto read = env(row.text);
        ASSERT_FALSE(read) << row.text;
        EXPECT_EQ(read.error().code, Code::invalid);
        EXPECT_NE(read.error().message.find("/env" + row.where), std::string::npos) << read.error().text();
        EXPECT_EQ(read.error().text().find("hunter2"), std::string::npos) << read.error().text();
    }
    EXPECT_EQ(read_env_file("/nonexistent").error().code, Code::not_found);
    EXPECT_EQ(read_env_file("/dev/null").error().code, Code::refused);
    ASSERT_EQ(::mkfifo((folder_.path() / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_env_file((folder_.path() / "fifo").string()).error().code, Code::refused) << "and nobody waits for a writer";
}

TEST(LinkedFiles, ALinkLeadsWhereItsMakerMayGo) {
    EXPECT_TRUE(link_may_lead(0, 1000));
    EXPECT_TRUE(link_may_lead(1000, 1000));
    EXPECT_FALSE(link_may_lead(1000, 0)) << "what root keeps for itself";
    EXPECT_FALSE(link_may_lead(1000, 1001));
}

// The application's user may put a link to another installation's file where its own is expected.
TEST_F(SecretsTest, EnvironmentFilesAreNotReadThroughLinksOfOthers) {
    constexpr uid_t shop = 65534;
    const auto theirs = folder_.put("theirs", "TOKEN=hunter2\n", 0600);
    const auto link = folder_.path() / "link";
    std::filesystem::create_symlink("hop", link);
    std::filesystem::create_symlink(theirs, folder_.path() / "hop");
    EXPECT_EQ(read_env_file(link.string()).value().at("TOKEN"), "hunter2") << "one's own links are followed";
    std::filesystem::create_symlink("loop", folder_.path() / "loop");
    EXPECT_FALSE(read_env_file((folder_.path() / "loop").string()));
    if (::geteuid() != 0) return;
    ASSERT_EQ(::lchown((folder_.path() / "hop").c_str(), shop, shop), 0);
    const auto read = read_env_file(link.string());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::refused);
    EXPECT_NE(read.error().message.find(link.string()), std::string::npos);
    EXPECT_FALSE(read.error().hint.empty());
    ASSERT_EQ(::chown(theirs.c_str(), shop, shop), 0);
    EXPECT_TRUE(read_env_file(link.string())) << "their own file";
    std::filesystem::create_directory_symlink(folder_.path(), folder_.path() / "shared");
    ASSERT_EQ(::lchown((folder_.path() / "shared").c_str(), shop, shop), 0);
    folder_.put("env", "A=1\n", 0600);
    EXPECT_EQ(read_env_file((folder_.path() / "shared" / "env").string()).error().code, Code::refused) << "a folder on the way";
}

TEST_F(SecretsTest, SecretsAreGuessedFromKeysAndAddresses) {
    auto found = secrets_of({{"DB_PASSWORD", "pw"},
                             {"api_key", "abcdef"},
                             {"AUTH", "true"},
                             {"PWD", "/opt/shop"},
                             {"PORT", "8080"},
                             {"JWT_SECRET", "s"},
                             {"DATABASE_URL", "postgres://u:hun%40ter@db/x"},
                             {"HOMEPAGE_URL", "https://example.com"},
                             {"EMPTY_TOKEN", ""}});
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<std::string>{"abcdef", "hun%40ter", "hun@ter", "pw", "s"}));
}

}  // namespace
}  // namespace uprev::os
