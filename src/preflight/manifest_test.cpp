// SPDX-License-Identifier: Apache-2.0
#include "preflight/manifest.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "os/linux.hpp"
#include "os/test_folder.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Manifest : public ::testing::Test {
   protected:
    Manifest() : fs_(os::make_filesystem()), release_(folder_.path() / "releases/1.0"), manifests_(folder_.path() / "manifests") {
        std::filesystem::create_directories(release_ / "backend/node_modules/left-pad");
        put("package.json", "{}");
        put("backend/app.js", "serve()");
        put("backend/node_modules/left-pad/index.js", "pad()");
        std::filesystem::create_symlink("/srv/shop/shared/.env", release_ / ".env");
    }
    void put(const std::string& name, const std::string& text) const { folder_.put("releases/1.0/" + name, text); }
    // As if time had passed since the seal: a file's age is known to the second.
    void touch(const std::string& name) const {
        const timeval then[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
        ASSERT_EQ(0, ::utimes((release_ / name).c_str(), then));
    }
    std::vector<std::string> edited(std::size_t limit = 9) const {
        return edited_since(*fs_, release_, manifests_, limit).value();
    }

    os::TestFolder folder_;
    std::unique_ptr<os::FileSystem> fs_;
    os::Path release_;
    os::Path manifests_;
};

TEST_F(Manifest, NothingWasEdited) {
    EXPECT_EQ(2U, write_manifest(*fs_, release_, manifests_).value());
    EXPECT_THAT(edited(), IsEmpty());
    struct stat seen {};
    ASSERT_EQ(0, ::stat((manifests_ / "1.0.json").c_str(), &seen));
    EXPECT_EQ(0600U, seen.st_mode & 07777U);
}

TEST_F(Manifest, NamesWhatWasEditedOrRemovedOrReplaced) {
    put("a", "a");
    put("b", "b");
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    put("a", "longer");
    std::filesystem::remove(release_ / "b");
    touch("backend/app.js");  // the same size, another time
    std::filesystem::remove(release_ / "package.json");
    std::filesystem::create_symlink("/etc/passwd", release_ / "package.json");
    EXPECT_THAT(edited(), ::testing::UnorderedElementsAre("a", "b", "backend/app.js", "package.json"));
}

TEST_F(Manifest, WhatInstallsAndOperatorsPutThereIsNotAnEdit) {
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    put("backend/node_modules/left-pad/index.js", "pad(more)");
    put("uploads.txt", "new");
    std::filesystem::remove(release_ / ".env");
    EXPECT_THAT(edited(), IsEmpty());
}

TEST_F(Manifest, AFolderThatIsGoneOrAFileNow) {
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    std::filesystem::remove_all(release_ / "backend");
    EXPECT_THAT(edited(), ElementsAre("backend/app.js"));
    put("backend", "a file");
    EXPECT_THAT(edited(), ElementsAre("backend/app.js"));
}

TEST_F(Manifest, StopsAtTheLimit) {
    for (int i = 0; i < 20; ++i) put("f" + std::to_string(i), "x");
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    for (int i = 0; i < 20; ++i) put("f" + std::to_string(i), "changed");
    EXPECT_EQ(5U, edited(5).size());
    EXPECT_EQ(1U, edited(1).size());
    EXPECT_EQ(20U, edited(99).size());
}

TEST_F(Manifest, AFolderThatWasNeverSealedHasNoEdits) { EXPECT_THAT(edited(), IsEmpty()); }

TEST_F(Manifest, AFolderIsSealedAnew) {
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    put("backend/app.js", "serve(anew)");
    EXPECT_THAT(edited(), ElementsAre("backend/app.js"));
    ASSERT_TRUE(write_manifest(*fs_, release_, manifests_).has_value());
    EXPECT_THAT(edited(), IsEmpty());
}

TEST_F(Manifest, OneThatCannotBeReadIsCorrupt) {
    std::filesystem::create_directories(manifests_);
    for (const auto* text : {"", "[]", "{\"a\": [1", "null", "\xff\xfe"}) {
        folder_.put("manifests/1.0.json", text);
        const auto seen = edited_since(*fs_, release_, manifests_, 5);
        ASSERT_FALSE(seen.has_value()) << text;
        EXPECT_EQ(Code::corrupt, seen.error().code);
        EXPECT_THAT(seen.error().text(), HasSubstr("releases/1.0"));
        EXPECT_FALSE(seen.error().hint.empty());
    }
    folder_.put("manifests/1.0.json", R"({"package.json": "nonsense"})");
    EXPECT_THAT(edited(), ElementsAre("package.json"));
}

TEST_F(Manifest, AReleaseThatIsNotThereCannotBeSealed) {
    EXPECT_EQ(Code::not_found, write_manifest(*fs_, folder_.path() / "nowhere", manifests_).error().code);
    EXPECT_FALSE(std::filesystem::exists(manifests_ / "nowhere.json"));
}

}  // namespace
}  // namespace uprev
