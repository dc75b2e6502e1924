// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_guard.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "os/linux.hpp"

namespace uprev {
namespace {

// A file system whose n-th change doesn't happen, and none after it: a machine that died there.
class DyingFiles final : public os::FileSystem {
   public:
    explicit DyingFiles(int changes) : left_(changes), files_(os::make_filesystem()) {}
    [[nodiscard]] bool died() const { return left_ < 0; }

    Result<os::FileInfo> info(const os::Path& path) const override { return files_->info(path); }
    Result<std::string> read(const os::Path& path, std::uint64_t limit) const override { return files_->read(path, limit); }
    Result<os::Path> read_link(const os::Path& path) const override { return files_->read_link(path); }
    Result<std::vector<std::string>> list(const os::Path& folder) const override { return files_->list(folder); }
    Result<os::DiskSpace> space(const os::Path& path) const override { return files_->space(path); }
    Result<> make_folders(const os::Path&, std::uint32_t, const os::Owner&) override { return dead(); }
    Result<> write(const os::Path& path, std::string_view bytes, std::uint32_t mode, const os::Owner& owner) override {
        return --left_ < 0 ? dead() : files_->write(path, bytes, mode, owner);
    }
    Result<> point(const os::Path&, const os::Path&, const os::Owner&) override { return dead(); }
    Result<> rename(const os::Path&, const os::Path&) override { return dead(); }
    Result<> exchange(const os::Path&, const os::Path&) override { return dead(); }
    Result<> remove_tree(const os::Path& path) override { return --left_ < 0 ? dead() : files_->remove_tree(path); }
    Result<> sync_tree(const os::Path&) override { return dead(); }

   private:
    static Result<> dead() { return fail(Code::interrupted, "died"); }
    int left_;
    std::unique_ptr<os::FileSystem> files_;
};

class Pm2GuardTest : public testing::Test {
   protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/uprev-guard-XXXXXX";
        home_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(home_); }

    static bool ours(const Json& entry) { return entry.is_object() && entry.value("name", "").starts_with("our"); }
    static Json app(const char* name, const char* status = "online") {
        return {{"name", name}, {"status", status}, {"SECRET", "canary"}};
    }
    void put(const char* name, const Json& list) { std::ofstream(home_ / name) << list.dump(2); }
    Json get(const char* name) {
        std::ifstream in(home_ / name);
        return Json::parse(in);
    }
    Pm2Guard guard(os::FileSystem& files) { return {files, home_, ours}; }
    Result<> set() { return guard(*files_).set("op"); }
    Result<> remove() { return guard(*files_).remove("op"); }
    bool kept() { return std::filesystem::exists(home_ / "dump.pm2.uprev-op"); }

    os::Path home_;
    std::unique_ptr<os::FileSystem> files_ = os::make_filesystem();
    const Json whole_{app("our-a"), app("foreign"), app("our-b"), app("our-b")};
    const Json older_{app("foreign"), app("our-a")};
};

TEST_F(Pm2GuardTest, TakesOursOutAndPutsThemBackInTheirPlaces) {
    put("dump.pm2", whole_);
    put("dump.pm2.bak", older_);
    std::filesystem::permissions(home_ / "dump.pm2", std::filesystem::perms(0640));
    ASSERT_TRUE(set().has_value());
    EXPECT_EQ(Json::array({app("foreign")}), get("dump.pm2"));
    EXPECT_EQ(Json::array({app("foreign")}), get("dump.pm2.bak"));
    EXPECT_EQ(std::filesystem::perms(0600), std::filesystem::status(home_ / "dump.pm2.uprev-op").permissions());
    ASSERT_TRUE(remove().has_value());
    EXPECT_EQ(whole_, get("dump.pm2"));
    EXPECT_EQ(older_, get("dump.pm2.bak"));
    EXPECT_EQ(std::filesystem::perms(0640), std::filesystem::status(home_ / "dump.pm2").permissions());
    EXPECT_FALSE(kept());
}

TEST_F(Pm2GuardTest, NothingToGuardLeavesNothingBehind) {
    ASSERT_TRUE(set().has_value());
    put("dump.pm2", Json::array({app("foreign")}));
    ASSERT_TRUE(set().has_value());
    EXPECT_FALSE(kept());
    ASSERT_TRUE(remove().has_value());
    EXPECT_EQ(Json::array({app("foreign")}), get("dump.pm2"));
}

TEST_F(Pm2GuardTest, DyingAtAnyChangeLosesNothing) {
    for (int changes = 0;; ++changes) {
        put("dump.pm2", whole_);
        put("dump.pm2.bak", older_);
        DyingFiles first(changes);
        const auto set_done = guard(first).set("op");
        const bool died_setting = first.died();
        EXPECT_EQ(died_setting, !set_done.has_value());
        ASSERT_TRUE(set().has_value()) << changes;
        EXPECT_EQ(Json::array({app("foreign")}), get("dump.pm2")) << changes;
        DyingFiles second(changes);
        const auto removed = guard(second).remove("op");
        EXPECT_EQ(second.died(), !removed.has_value());
        ASSERT_TRUE(remove().has_value()) << changes;
        EXPECT_EQ(whole_, get("dump.pm2")) << changes;
        EXPECT_EQ(older_, get("dump.pm2.bak")) << changes;
        EXPECT_FALSE(kept());
        if (!died_setting && !second.died()) break;
        ASSERT_LT(changes, 10);
    }
}

TEST_F(Pm2GuardTest, WhatWasSavedMeanwhileStays) {
    put("dump.pm2", whole_);
    ASSERT_TRUE(set().has_value());
    Json newer = app("our-a");
    newer["SECRET"] = "newer";
    put("dump.pm2", Json::array({app("newcomer"), newer, app("our-b", "stopped")}));
    ASSERT_TRUE(remove().has_value());
    EXPECT_EQ((Json{app("newcomer"), newer, app("our-b"), app("our-b")}), get("dump.pm2"));
}

TEST_F(Pm2GuardTest, SavedAgainBehindTheGuardIsTakenOutAgain) {
    put("dump.pm2", whole_);
    ASSERT_TRUE(set().has_value());
    put("dump.pm2", Json::array({app("foreign"), app("our-a", "errored")}));
    ASSERT_TRUE(set().has_value());
    EXPECT_EQ(Json::array({app("foreign")}), get("dump.pm2"));
    ASSERT_TRUE(remove().has_value());
    const auto now = get("dump.pm2");
    ASSERT_EQ(4U, now.size());
    EXPECT_NE(now.end(), std::find(now.begin(), now.end(), app("our-a", "errored"))) << "the newer entry counts";
}

TEST_F(Pm2GuardTest, ADumpThatWentAwayIsMadeAgain) {
    put("dump.pm2", whole_);
    ASSERT_TRUE(set().has_value());
    std::filesystem::remove(home_ / "dump.pm2");
    ASSERT_TRUE(remove().has_value());
    EXPECT_EQ((Json{app("our-a"), app("our-b"), app("our-b")}), get("dump.pm2"));
}

TEST_F(Pm2GuardTest, ABrokenDumpIsCorruptAndNotQuoted) {
    for (const auto* text : {"", "{}", "[{\"SECRET\":\"canary\"", "null"}) {
        std::ofstream(home_ / "dump.pm2") << text;
        const auto done = set();
        ASSERT_FALSE(done.has_value()) << text;
        EXPECT_EQ(Code::corrupt, done.error().code);
        EXPECT_EQ(std::string::npos, done.error().text().find("canary"));
    }
}

}  // namespace
}  // namespace uprev
