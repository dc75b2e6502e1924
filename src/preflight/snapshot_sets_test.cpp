// SPDX-License-Identifier: Apache-2.0
#include "preflight/snapshot_sets.hpp"

#include <gmock/gmock.h>

#include "journal/journal_fixture.hpp"
#include "os/linux.hpp"
#include "ports/database_fixture.hpp"
#include "preflight/snapshot_json.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Writes down what it is told to forget.
class Forgetful final : public UnaskedDatabase {
   public:
    explicit Forgetful(std::vector<std::string>& told) : told_(told) {}
    Result<> forget(const Snapshot& snapshot, bool keep_dump) override {
        if (fails) return fail(Code::unavailable, "no server");
        told_.push_back(snapshot.database + " " + snapshot.restored + (keep_dump ? " keep" : " drop"));
        return {};
    }
    bool fails = false;

   private:
    std::vector<std::string>& told_;
};

class SnapshotSets : public JournalTest {
   protected:
    SnapshotSets() : fs_(os::make_filesystem()), journal_(open()), database_(told_) {}

    // A set of two databases, each with its dump.
    SnapshotSet laid(const std::string& id, const os::Path& first, const os::Path& second) {
        SnapshotSet set{id, "op", "1.0", 0, Json::array()};
        for (const auto& [name, place] : {std::pair{std::string("main"), first}, std::pair{std::string("other"), second}}) {
            std::filesystem::create_directories(place);
            Snapshot snapshot;
            snapshot.database = name;
            snapshot.path = place / (name + ".dump");
            snapshot.restored = name + "_copy";
            std::ofstream(snapshot.path) << "rows";
            set.snapshots.push_back(to_json(snapshot));
        }
        EXPECT_TRUE(journal_.add_snapshot_set(set));
        return set;
    }

    std::unique_ptr<os::FileSystem> fs_;
    Journal journal_;
    std::vector<std::string> told_;
    Forgetful database_;
};

TEST_F(SnapshotSets, ADumpLiesWhereTheSiteSaysElseInTheState) {
    SiteFile site;
    site.databases.resize(2);
    site.databases[0].name = "main";
    site.databases[0].snapshots = "/backups/main";
    site.databases[1].name = "other";
    EXPECT_EQ("/backups/main/m1", dump_folder(site, "/state/snapshots", "main", "m1"));
    EXPECT_EQ("/state/snapshots/m1", dump_folder(site, "/state/snapshots", "other", "m1"));
    EXPECT_EQ("/state/snapshots/m1", dump_folder(site, "/state/snapshots", "unknown", "m1"));
}

TEST_F(SnapshotSets, FoldersAreNamedOnce) {
    const auto here = folder.path() / "s/m1";
    EXPECT_THAT(folders_of(laid("m1", here, here)), ElementsAre(here));
    EXPECT_THAT(folders_of(laid("m2", here, folder.path() / "b/m2")), ElementsAre(here, folder.path() / "b/m2"));
    SnapshotSet without = a_set("x");
    without.snapshots = Json::array({Json{{"database", "main"}}});
    EXPECT_THAT(folders_of(without), IsEmpty());
}

TEST_F(SnapshotSets, OneGoesWithCopiesDumpsAndRecord) {
    const auto set = laid("m1", folder.path() / "s/m1", folder.path() / "b/m1");
    laid("m2", folder.path() / "s/m2", folder.path() / "b/m2");
    const std::map<std::string, Database*> databases{{"main", &database_}, {"other", &database_}};
    ASSERT_TRUE(drop_snapshot_set(databases, *fs_, journal_, set));
    EXPECT_THAT(told_, ElementsAre("main main_copy drop", "other other_copy drop"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "s/m1"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "b/m1"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "s/m2/main.dump"));
    EXPECT_EQ("m2", journal_.snapshot_sets()->front().id);
    EXPECT_EQ(1U, journal_.snapshot_sets()->size());
    EXPECT_TRUE(drop_snapshot_set(databases, *fs_, journal_, set));  // what a crash cut off is ended by doing it again
}

TEST_F(SnapshotSets, ADatabaseThatTheSiteNoLongerNamesLosesItsDumpAllTheSame) {
    const auto set = laid("m1", folder.path() / "s/m1", folder.path() / "b/m1");
    ASSERT_TRUE(drop_snapshot_set({{"main", &database_}}, *fs_, journal_, set));
    EXPECT_THAT(told_, ElementsAre("main main_copy drop"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "b/m1"));
}

TEST_F(SnapshotSets, WhatCannotBeForgottenStaysOnRecord) {
    const auto set = laid("m1", folder.path() / "s/m1", folder.path() / "b/m1");
    database_.fails = true;
    const auto dropped = drop_snapshot_set({{"main", &database_}}, *fs_, journal_, set);
    ASSERT_FALSE(dropped.has_value());
    EXPECT_THAT(dropped.error().text(), HasSubstr("forgetting the snapshot of 'main': no server"));
    EXPECT_EQ(1U, journal_.snapshot_sets()->size());
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "s/m1/main.dump"));
}

TEST(SnapshotJson, IsReadBack) {
    Snapshot s;
    s.database = "main";
    s.path = "/s/main.dump";
    s.bytes = 12'345'678'901;
    s.sha256 = "ab";
    s.write_mark = "77";
    s.schema = "8";
    s.tables = {{"public.orders", 12}, {"public.users", 0}};
    s.schema_digest = "cd";
    s.taken_ms = 1'800'000'000'000;
    s.proven = true;
    s.proof = "2 tables";
    s.restored = "main_copy";
    const auto back = snapshot_from_json(to_json(s));
    EXPECT_EQ(to_json(s), to_json(back));
    EXPECT_EQ(s.path, back.path);
    EXPECT_EQ(s.bytes, back.bytes);
    EXPECT_EQ(2U, back.tables.size());
    EXPECT_EQ("public.orders", back.tables[0].table);
    EXPECT_EQ(12U, back.tables[0].rows);
    EXPECT_TRUE(back.proven);
    const auto nothing = snapshot_from_json(Json::object());
    EXPECT_FALSE(nothing.proven);  // what isn't said to be proven is not
    EXPECT_EQ("", nothing.path);
    EXPECT_THAT(nothing.tables, IsEmpty());
}

}  // namespace
}  // namespace uprev
