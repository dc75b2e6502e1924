// SPDX-License-Identifier: Apache-2.0
// What retention takes: good releases and proven snapshot sets count, and what is active, last good or in use never goes.
#include "preflight/retention.hpp"

#include <gmock/gmock.h>

#include "journal/journal_fixture.hpp"
#include "os/linux.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PlacedReleases final : public Layout {
   public:
    Result<PlacedRelease> active() const override { return fail(Code::bug, "not asked"); }
    Result<std::vector<PlacedRelease>> placed() const override { return rows; }
    Result<> link_kept(const os::Path&) override { return fail(Code::bug, "judging changes nothing"); }
    Result<> promote(const os::Path&, const os::Path&) override { return fail(Code::bug, "judging changes nothing"); }
    Result<> activate(const os::Path&) override { return fail(Code::bug, "judging changes nothing"); }
    Result<> discard(const os::Path&) override { return fail(Code::bug, "judging changes nothing"); }
    std::vector<PlacedRelease> rows;
};

class Retention : public JournalTest {
   protected:
    Retention() : fs_(os::make_filesystem()), journal_(open()) { input_.keep.releases = 2; }

    // Release folders as they lie there; the active one has a star.
    void placed(const std::vector<std::string>& versions) {
        for (const auto& version : versions) {
            const bool active = version.back() == '*';
            const auto name = active ? version.substr(0, version.size() - 1) : version;
            layout_.rows.push_back({"/srv/shop/releases/" + name, name, active});
        }
    }
    // Generations, oldest first.
    void history(const std::vector<std::pair<std::string, GenerationState>>& rows) {
        for (const auto& [version, state] : rows) ASSERT_TRUE(journal_.add_generation(a_generation(version, state)));
    }
    std::vector<RetentionItem> judged() {
        input_.layout = &layout_;
        input_.fs = fs_.get();
        input_.releases = folder.path() / "releases";
        return judge_retention(input_, journal_).value();
    }
    // "kept VERSION: reason" or "gone …", of one kind.
    std::vector<std::string> lines(const std::string& what) {
        std::vector<std::string> out;
        for (const auto& item : judged())
            if (item.what == what)
                out.push_back((item.keep ? "kept " : "gone ") + os::Path(item.path).filename().string() + ": " + item.reason);
        return out;
    }

    std::unique_ptr<os::FileSystem> fs_;
    Journal journal_;
    PlacedReleases layout_;
    RetentionInput input_;
};

constexpr auto good = GenerationState::good;

TEST_F(Retention, KeepsTheActiveOneAndAsManyGoodOnesAsAskedFor) {
    placed({"1.0", "1.1", "1.2", "1.3", "1.4*"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}, {"1.3", good}, {"1.4", good}});
    EXPECT_THAT(lines("release"), ElementsAre("gone 1.0: older than the 2 kept", "gone 1.1: older than the 2 kept",
                                              "kept 1.2: one of the 2 kept", "kept 1.3: last good", "kept 1.4: active"));
}

TEST_F(Retention, OnlyGoodOnesCount) {
    input_.keep.releases = 1;
    placed({"1.0", "1.1", "1.2", "1.3", "1.4*", "1.5"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", GenerationState::failed}, {"1.3", GenerationState::candidate}, {"1.4", good}});
    EXPECT_THAT(lines("release"),
                ElementsAre("gone 1.0: older than the 1 kept", "kept 1.1: last good", "gone 1.2: never became good",
                            "gone 1.3: never became good", "kept 1.4: active", "gone 1.5: never became good"));
}

TEST_F(Retention, ASupersededOneWasGood) {
    input_.keep.releases = 1;
    placed({"1.0", "1.1", "1.2*"});
    history({{"1.0", good}, {"1.1", GenerationState::superseded}, {"1.2", good}});
    EXPECT_THAT(lines("release"), ElementsAre("gone 1.0: older than the 1 kept", "kept 1.1: last good", "kept 1.2: active"));
}

TEST_F(Retention, ADegradedOneTakesNoGoodOnesPlace) {
    input_.keep.releases = 1;
    placed({"1.0", "1.1", "1.2", "1.3*"});
    history({{"1.0", good}, {"1.1", GenerationState::degraded}, {"1.2", GenerationState::degraded}, {"1.3", good}});
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: last good", "gone 1.1: older than the 1 kept",
                                              "kept 1.2: degraded, and not acknowledged yet", "kept 1.3: active"));
}

TEST_F(Retention, NothingAskedForStillKeepsTheLastGoodOne) {
    input_.keep.releases = 0;
    placed({"1.0", "1.1", "1.2*"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}});
    EXPECT_THAT(lines("release"), ElementsAre("gone 1.0: older than the 0 kept", "kept 1.1: last good", "kept 1.2: active"));
}

// Retention that keeps the highest versions deletes the active one after a downgrade.
TEST_F(Retention, AfterGoingBackTheOrderIsThatOfActivations) {
    input_.keep.releases = 1;
    placed({"1.0*", "1.1", "1.2"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}, {"1.1", good}, {"1.0", good}});
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: active", "kept 1.1: last good", "gone 1.2: older than the 1 kept"));
}

TEST_F(Retention, WhatWasRolledBackFromIsNotTheLastGoodOne) {
    input_.keep.releases = 1;
    placed({"1.0", "1.1*", "1.2", "1.3"});
    history({{"1.0", good}, {"1.3", good}, {"1.2", good}, {"1.1", good}});
    ASSERT_TRUE(journal_.mark_failed("1.3", "rolled back by ada", "op"));
    ASSERT_TRUE(journal_.mark_failed("1.2", "rolled back by ada", "op"));
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: last good", "kept 1.1: active",
                                              "kept 1.2: rolled back from, or failed since", "gone 1.3: older than the 1 kept"));
}

// The mark follows when the rollback has ended; its own retention comes before that.
TEST_F(Retention, WhatIsJustBeingLeftIsNotTheLastGoodOneEither) {
    input_.keep.releases = 1;
    input_.leaving = "1.2";
    placed({"1.0", "1.1*", "1.2"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}, {"1.1", good}});
    EXPECT_THAT(lines("release"),
                ElementsAre("kept 1.0: last good", "kept 1.1: active", "kept 1.2: rolled back from, or failed since"));
}

TEST_F(Retention, AFolderThatIsGoneTakesNobodysPlace) {
    input_.keep.releases = 1;
    placed({"1.0", "1.2*"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}});
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: last good", "kept 1.2: active"));
}

TEST_F(Retention, TheActiveOneStaysWhateverTheRecordSays) {
    placed({"1.0", "1.1*"});
    history({{"1.0", good}, {"1.1", GenerationState::failed}});
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: last good", "kept 1.1: active"));
}

TEST_F(Retention, OneActivatedTwiceCountsOnce) {
    input_.keep.releases = 2;
    placed({"1.0", "1.1", "1.2*"});
    history({{"1.0", good}, {"1.1", good}, {"1.1", good}, {"1.1", good}, {"1.2", good}});
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: one of the 2 kept", "kept 1.1: last good", "kept 1.2: active"));
}

TEST_F(Retention, WhatAProcessUsesStays) {
    input_.keep.releases = 1;
    input_.in_use = [](const os::Path& path) {
        return path.filename() == "1.0" || path.filename() == ".staging.b" ? std::vector<int>{42} : std::vector<int>{};
    };
    placed({"1.0", "1.1", "1.2", "1.3*"});
    history({{"1.1", good}, {"1.2", good}, {"1.3", good}});
    std::filesystem::create_directories(folder.path() / "releases/.staging.b");
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: in use by pid 42", "gone 1.1: older than the 1 kept",
                                              "kept 1.2: last good", "kept 1.3: active"));
    EXPECT_THAT(lines("staging"), ElementsAre("kept .staging.b: in use by pid 42"));
}

TEST_F(Retention, WhatAnOpenDecisionNeedsStays) {
    input_.keep.releases = input_.keep.snapshots = 1;
    placed({"1.0", "1.1", "1.2*", "1.3"});
    history({{"1.0", good}, {"1.1", good}, {"1.2", good}});
    for (const auto* id : {"stopped", "later"}) ASSERT_TRUE(journal_.add_snapshot_set(a_set(id)));
    input_.open = {{"/srv/shop/releases/1.3", "/srv/shop/releases/1.0"}, "stopped"};
    EXPECT_THAT(lines("release"), ElementsAre("kept 1.0: an operation that needs a decision may need it", "kept 1.1: last good",
                                              "kept 1.2: active", "kept 1.3: an operation that needs a decision may need it"));
    EXPECT_THAT(lines("snapshot set"),
                ElementsAre("kept later: one of the newest", "kept stopped: an operation that needs a decision may need it"));
}

TEST_F(Retention, SnapshotSetsGoOldestFirst) {
    input_.keep.snapshots = 2;
    for (const auto* id : {"z", "b", "a"}) {
        ASSERT_TRUE(journal_.add_snapshot_set(a_set(id)));
        clock.now -= a_year_ms;  // somebody sets the clock back: still the newest ones stay
    }
    EXPECT_THAT(lines("snapshot set"),
                ElementsAre("kept a: one of the newest", "kept b: one of the newest", "gone z: older than the 2 kept"));
    input_.keep.snapshots = 0;
    EXPECT_THAT(lines("snapshot set"),
                ElementsAre("kept a: one of the newest", "gone b: older than the 0 kept", "gone z: older than the 0 kept"));
}

// A generation that migrated, and the set that was taken before.
Generation migrated(const std::string& version, const std::string& set) {
    auto g = a_generation(version);
    g.details = {{"migrations", {"core"}}, {"snapshot_set", set}};
    return g;
}

TEST_F(Retention, SetsThatLeadBackToAKeptReleaseAreNotPushedOutByOthers) {
    input_.keep.releases = 2;
    input_.keep.snapshots = 1;
    placed({"1.0", "1.1", "1.2", "1.3", "1.4*"});
    for (const auto& g : {migrated("1.0", "before 1.0"), migrated("1.1", "before 1.1"), migrated("1.2", "before 1.2"),
                          a_generation("1.3"), migrated("1.4", "before 1.4")})
        ASSERT_TRUE(journal_.add_generation(g));
    for (const auto* id : {"before 1.0", "before 1.1", "before 1.2", "before 1.4", "monday", "tuesday"})
        ASSERT_TRUE(journal_.add_snapshot_set(a_set(id)));
    EXPECT_THAT(lines("snapshot set"),
                ElementsAre("kept tuesday: one of the newest", "gone monday: older than the 1 kept",
                            "kept before 1.4: leads back to 1.3", "gone before 1.2: older than the 1 kept",
                            "gone before 1.1: older than the 1 kept", "gone before 1.0: older than the 1 kept"));
}

TEST_F(Retention, ASetNoLongerLeadsBackOnceItsReleaseWasGoneBackTo) {
    input_.keep.snapshots = 1;
    placed({"1.0*", "1.1"});
    for (const auto& g : {a_generation("1.0"), migrated("1.1", "before 1.1"), a_generation("1.0")})
        ASSERT_TRUE(journal_.add_generation(g));
    for (const auto* id : {"before 1.1", "monday"}) ASSERT_TRUE(journal_.add_snapshot_set(a_set(id)));
    EXPECT_THAT(lines("snapshot set"), ElementsAre("kept monday: one of the newest", "gone before 1.1: older than the 1 kept"));
}

TEST_F(Retention, UnprovenSnapshotSetsDoNotPushTheLastBackupOut) {
    input_.keep.snapshots = 2;
    ASSERT_TRUE(journal_.add_snapshot_set(a_set("old")));
    ASSERT_TRUE(journal_.add_snapshot_set(a_set("proven")));
    auto half = a_set("half");
    half.snapshots.push_back(Json{{"database", "other"}, {"proven", false}});
    auto empty = a_set("empty");
    empty.snapshots = Json::array();
    for (const auto& set : {half, empty, a_set("unproven", false)}) ASSERT_TRUE(journal_.add_snapshot_set(set));
    EXPECT_THAT(
        lines("snapshot set"),
        ElementsAre("kept unproven: one of the newest", "kept empty: one of the newest", "gone half: older than the 2 kept",
                    "kept proven: the last that is proven to restore", "gone old: older than the 2 kept"));
}

TEST_F(Retention, StagingFoldersGo) {
    for (const auto* name : {".staging.a1", ".staging.b2", "1.0", ".stagingx", "staging.c"})
        std::filesystem::create_directories(folder.path() / "releases" / name);
    EXPECT_THAT(lines("staging"),
                ElementsAre("gone .staging.a1: left by a dead operation", "gone .staging.b2: left by a dead operation"));
}

TEST_F(Retention, NothingIsThereYet) { EXPECT_THAT(judged(), IsEmpty()); }

TEST_F(Retention, AFolderThatCannotBeListedIsAnError) {
    folder.put("releases", "a file");
    input_.layout = &layout_;
    input_.fs = fs_.get();
    input_.releases = folder.path() / "releases";
    EXPECT_THAT(judge_retention(input_, journal_).error().text(), HasSubstr("releases"));
}

}  // namespace
}  // namespace uprev
