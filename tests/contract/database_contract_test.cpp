// SPDX-License-Identifier: Apache-2.0
// What every database adapter promises, asked of each on real parts.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "database_worlds.hpp"

namespace uprev::tests {
namespace {

namespace fs = std::filesystem;

std::string why(const Error& error) { return error.text() + " [" + std::string(code_name(error.code)) + "]"; }

class DatabaseContract : public testing::TestWithParam<Adapter> {
   protected:
    void SetUp() override { world->fill(200); }
    Snapshot taken(const std::string& mark = "m1", bool keep_copy = false) {
        auto snapshot = world->database()->snapshot(world->snapshots(), mark, keep_copy);
        EXPECT_TRUE(snapshot) << why(snapshot.error());
        return snapshot ? *snapshot : Snapshot{};
    }
    void restored(const Snapshot& snapshot, const std::string& mark = "m1") {
        const auto done = world->database()->restore(snapshot, mark);
        ASSERT_TRUE(done) << why(done.error());
    }
    // A migration that went wrong: rows changed, gone and added, a table altered, another one added.
    void wreck() {
        world->must("DELETE FROM orders WHERE id % 2 = 0");
        world->must("UPDATE orders SET note = 'wrong' WHERE id < 50");
        world->must("ALTER TABLE orders ADD COLUMN broken integer");
        world->must("CREATE TABLE later (x integer)");
    }
    void expect_original() {
        EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "200");
        EXPECT_EQ(world->get("SELECT note FROM orders WHERE id = 20"), "order 20");
        EXPECT_NE(world->get("SELECT broken FROM orders LIMIT 1").find("error"), std::string::npos);
        EXPECT_NE(world->get("SELECT count(*) FROM later").find("error"), std::string::npos)
            << "a table made after the snapshot stayed";
    }
    void expect_wrecked() {
        EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "100");
        EXPECT_EQ(world->get("SELECT count(*) FROM later"), "0");
    }

    std::unique_ptr<DatabaseWorld> world = make_world(GetParam());
};

TEST_P(DatabaseContract, FactsAreMeasured) {
    const auto facts = world->database()->inspect();
    ASSERT_TRUE(facts) << why(facts.error());
    EXPECT_GT(facts->bytes, 0U);
    EXPECT_FALSE(facts->server.empty());
    EXPECT_EQ(facts->address.find("canary"), std::string::npos) << facts->address;
    EXPECT_TRUE(fs::is_directory(facts->disk)) << facts->disk;
    EXPECT_EQ(facts->sessions, 0U);
    EXPECT_FALSE(facts->write_mark.empty());
    const auto writer = world->connected_writer();
    EXPECT_EQ(world->database()->inspect()->sessions, 1U);
}

TEST_P(DatabaseContract, ASnapshotIsProven) {
    const auto snapshot = taken();
    EXPECT_TRUE(snapshot.proven) << snapshot.proof;
    EXPECT_EQ(snapshot.database, "main");
    ASSERT_EQ(snapshot.tables.size(), 1U);
    EXPECT_EQ(snapshot.tables[0].rows, 200U);
    EXPECT_EQ(snapshot.sha256.size(), 64U);
    EXPECT_FALSE(snapshot.schema_digest.empty());
    EXPECT_GT(snapshot.taken_ms, 1'600'000'000'000);
    struct stat file {};
    ASSERT_EQ(stat(snapshot.path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    EXPECT_EQ(static_cast<std::uint64_t>(file.st_size), snapshot.bytes);
    EXPECT_TRUE(snapshot.path.filename().string().starts_with("main-m1.")) << snapshot.path;
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
}

TEST_P(DatabaseContract, ASnapshotMayBeTakenAgain) {
    const auto first = taken();
    world->must("INSERT INTO orders VALUES (1000, 'later')");
    const auto second = taken();
    EXPECT_EQ(second.path, first.path);
    EXPECT_EQ(second.tables[0].rows, 201U);
    EXPECT_TRUE(second.proven);
}

TEST_P(DatabaseContract, RestoreGivesBackEveryAcknowledgedRowAndNothingElse) {
    const auto snapshot = taken();
    wreck();
    restored(snapshot);
    expect_original();
    EXPECT_EQ(world->get_in_failed("m1", "SELECT count(*) FROM orders"), "100") << "the failed database is kept";
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
}

TEST_P(DatabaseContract, RestoreFromTheKeptCopy) {
    const auto snapshot = taken("m1", true);
    wreck();
    restored(snapshot);
    expect_original();
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
}

TEST_P(DatabaseContract, RestoreAgainKeepsWhatWasWrittenSince) {
    const auto snapshot = taken("m1", true);
    wreck();
    restored(snapshot);
    world->must("INSERT INTO orders VALUES (1001, 'after the restore')");
    restored(snapshot);
    EXPECT_EQ(world->get("SELECT note FROM orders WHERE id = 1001"), "after the restore");
    EXPECT_EQ(world->get_in_failed("m1", "SELECT count(*) FROM later"), "0");
}

TEST_P(DatabaseContract, DiscardDropsWhatNobodyCouldRecord) {
    const auto other = taken("m2", true);
    const auto snapshot = taken("m1", true);
    for (int again = 0; again < 2; ++again) {
        const auto gone = world->database()->discard(world->snapshots(), "m1");
        ASSERT_TRUE(gone) << why(gone.error());
    }
    EXPECT_FALSE(fs::exists(snapshot.path));
    EXPECT_TRUE(fs::exists(other.path)) << "another operation's snapshot is left alone";
    wreck();
    restored(other, "m2");
    expect_original();
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
}

TEST_P(DatabaseContract, WhatARestoreReplacedIsKeptUntilSomebodySaysSo) {
    const auto snapshot = taken();
    ASSERT_FALSE(world->database()->replaced("m1").value().has_value());
    wreck();
    restored(snapshot);
    const auto kept = world->database()->replaced("m1");
    ASSERT_TRUE(kept && kept->has_value());
    EXPECT_NE((*kept)->name.find("m1"), std::string::npos) << (*kept)->name;
    EXPECT_GT((*kept)->bytes, 0U);
    ASSERT_TRUE(world->database()->drop_replaced("m0"));
    EXPECT_EQ(world->get_in_failed("m1", "SELECT count(*) FROM orders"), "100");
    for (int again = 0; again < 2; ++again) ASSERT_TRUE(world->database()->drop_replaced("m1"));
    EXPECT_FALSE(world->database()->replaced("m1").value().has_value());
    expect_original();
}

TEST_P(DatabaseContract, OneSnapshotServesTwoOperations) {
    const auto snapshot = taken();
    wreck();
    restored(snapshot, "m1");
    wreck();
    restored(snapshot, "m2");
    expect_original();
    EXPECT_EQ(world->get_in_failed("m2", "SELECT count(*) FROM later"), "0");
}

TEST_P(DatabaseContract, ADamagedDumpIsRefusedAndNothingIsTouched) {
    const auto snapshot = taken();
    wreck();
    const auto original = [&] {
        std::ifstream in(snapshot.path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }();
    const auto attempt = [&](const std::string& bytes, Code expected) {
        std::ofstream(snapshot.path, std::ios::binary) << bytes;
        const auto refused = world->database()->restore(snapshot, "m1");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, expected) << why(refused.error());
        EXPECT_EQ(refused.error().text().find("bytes instead of") != std::string::npos, bytes.size() != original.size())
            << why(refused.error());
        expect_wrecked();
        EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
    };
    attempt("", Code::corrupt);
    attempt(original.substr(0, original.size() / 2), Code::corrupt);
    attempt(original + "x", Code::corrupt);
    std::string flipped = original;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    attempt(flipped, Code::corrupt);
    fs::remove(snapshot.path);
    const auto gone = world->database()->restore(snapshot, "m1");
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Code::not_found);
    std::ofstream(snapshot.path, std::ios::binary) << original;
    restored(snapshot);
    expect_original();
}

TEST_P(DatabaseContract, ADumpThatHoldsSomethingElseThanRecordedIsRefused) {
    auto snapshot = taken();
    wreck();
    snapshot.tables[0].rows = 201;
    snapshot.write_mark = "other";
    const auto refused = world->database()->restore(snapshot, "m1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::corrupt) << why(refused.error());
    EXPECT_NE(refused.error().text().find("has 200 rows instead of 201"), std::string::npos) << why(refused.error());
    expect_wrecked();
}

TEST_P(DatabaseContract, ASnapshotIsVerifiedAgain) {
    auto snapshot = taken();
    wreck();
    for (int i = 0; i < 2; ++i) {
        const auto done = world->database()->verify(snapshot, "v1");
        ASSERT_TRUE(done) << why(done.error());
    }
    expect_wrecked();
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
    snapshot.tables[0].rows = 201;
    snapshot.write_mark = "other";
    const auto differs = world->database()->verify(snapshot, "v1");
    ASSERT_FALSE(differs);
    EXPECT_EQ(differs.error().code, Code::corrupt) << why(differs.error());
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
    std::ofstream(snapshot.path, std::ios::binary | std::ios::app) << "x";
    EXPECT_EQ(world->database()->verify(snapshot, "v1").error().code, Code::corrupt);
}

TEST_P(DatabaseContract, RowsAreCountedAsTheyAreNow) {
    wreck();
    const auto counted = world->database()->count();
    ASSERT_TRUE(counted) << why(counted.error());
    ASSERT_EQ(counted->size(), 2U);
    EXPECT_EQ((*counted)[0].rows + (*counted)[1].rows, 100U);
    EXPECT_EQ((*counted)[0].table, taken().tables[0].table);
}

TEST_P(DatabaseContract, TheFenceKeepsWritersOutUntilItIsTakenAway) {
    auto database = world->database();
    if (world->fence_hides()) {
        const auto writer = world->connected_writer();
        ASSERT_TRUE(database->fence("m1"));
        EXPECT_FALSE(world->sql("INSERT INTO orders VALUES (2000, 'sneaked in')"));
    } else {
        const auto writer = world->connected_writer();
        const auto refused = database->fence("m1");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::conflict) << why(refused.error());
    }
    const auto fence = world->database()->fence("m1");
    ASSERT_TRUE(fence) << why(fence.error());
    EXPECT_EQ(world->get_at(*fence, "SELECT count(*) FROM orders"), "200");
    ASSERT_TRUE(world->database()->inspect()) << "inspected under its fenced name";
    ASSERT_TRUE(world->database()->unfence("m1"));
    ASSERT_TRUE(world->database()->unfence("m1"));
    world->must("INSERT INTO orders VALUES (2001, 'let in')");
    EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "201");
}

TEST_P(DatabaseContract, AKeptCopySurvivesTheFence) {
    const auto snapshot = taken("m1", true);
    const auto kept = world->leftovers();
    ASSERT_TRUE(world->database()->fence("m1"));
    ASSERT_TRUE(world->database()->unfence("m1"));
    EXPECT_EQ(world->leftovers(), kept) << "the copy that a fast restore needs";
    ASSERT_TRUE(world->database()->forget(snapshot, false));
}

TEST_P(DatabaseContract, UnfenceIsFineWhenNothingWasFenced) {
    const auto done = world->database()->unfence("m1");
    EXPECT_TRUE(done) << why(done.error());
}

TEST_P(DatabaseContract, ASnapshotTakenBehindTheFenceIsRestoredBehindIt) {
    ASSERT_TRUE(world->database()->fence("m1"));
    const auto snapshot = taken("m1", true);
    const auto fence = world->database()->fence("m1");
    ASSERT_TRUE(fence) << why(fence.error());
    ASSERT_TRUE(world->sql_at(*fence, "DELETE FROM orders"));
    restored(snapshot);
    ASSERT_TRUE(world->database()->unfence("m1"));
    EXPECT_EQ(world->get("SELECT count(*) FROM orders"), "200");
}

TEST_P(DatabaseContract, NothingWrittenIsShown) {
    const auto snapshot = taken();
    EXPECT_EQ(*world->database()->written_since(snapshot.write_mark), Written::no);
    const auto facts = world->database()->inspect();
    ASSERT_TRUE(facts) << why(facts.error());
    EXPECT_EQ(*world->database()->written_since(facts->write_mark), Written::no);
}

// Rehearsed before the services stop, reused behind the fence: only what the application wrote may count, not what uprev did.
TEST_P(DatabaseContract, WhatUprevItselfDoesIsNotAWrite) {
    const auto snapshot = taken("m1", true);
    ASSERT_TRUE(world->database()->fence("m1"));
    EXPECT_EQ(*world->database()->written_since(snapshot.write_mark), Written::no);
    ASSERT_TRUE(world->database()->unfence("m1"));
    EXPECT_EQ(*world->database()->written_since(snapshot.write_mark), Written::no);
    ASSERT_TRUE(world->database()->forget(snapshot, true));
    EXPECT_EQ(*world->database()->written_since(snapshot.write_mark), Written::no);
}

TEST_P(DatabaseContract, AnyWriteIsNoticed) {
    world->must("CREATE TABLE empty_one (x integer)");
    for (const auto* statement :
         {"INSERT INTO orders VALUES (3000, 'x')", "UPDATE orders SET note = 'y' WHERE id = 7", "DELETE FROM orders WHERE id = 8",
          "CREATE TABLE t (x integer)", "ALTER TABLE orders ADD COLUMN c integer", "DROP TABLE empty_one",
          "CREATE INDEX i ON orders (note)", "CREATE VIEW v AS SELECT 1 AS x"}) {
        const auto before = world->database()->inspect();
        ASSERT_TRUE(before) << why(before.error());
        world->must(statement);
        const auto written = world->database()->written_since(before->write_mark);
        ASSERT_TRUE(written) << why(written.error());
        EXPECT_NE(*written, Written::no) << statement;
    }
}

TEST_P(DatabaseContract, AMarkOfAnotherDatabaseProvesNothing) {
    EXPECT_NE(*world->database()->written_since(""), Written::no);
    EXPECT_NE(*world->database()->written_since("nonsense"), Written::no);
    const auto other = make_world(GetParam());
    other->fill(199);
    EXPECT_NE(*world->database()->written_since(other->database()->inspect()->write_mark), Written::no);
}

TEST_P(DatabaseContract, ForgetDropsTheCopyAndTheDumpOnlyIfTold) {
    const auto snapshot = taken("m1", true);
    ASSERT_TRUE(world->database()->forget(snapshot, true));
    EXPECT_TRUE(world->leftovers().empty()) << testing::PrintToString(world->leftovers());
    EXPECT_TRUE(fs::exists(snapshot.path));
    wreck();
    restored(snapshot);
    expect_original();
    ASSERT_TRUE(world->database()->forget(snapshot, false));
    EXPECT_FALSE(fs::exists(snapshot.path));
    EXPECT_TRUE(world->database()->forget(snapshot, false)) << "what is gone already is fine";
}

TEST_P(DatabaseContract, NamesMayHoldAnything) {
    for (const auto* name : {"--help", "a \"\"quoted\"\" one", "two\nlines", "semi;colon", "sp ace", "ünïcode", "\\restrict x"})
        world->must("CREATE TABLE \"" + std::string(name) + "\" (\"-c\" integer)");
    world->must("INSERT INTO \"two\nlines\" VALUES (1), (2), (3)");
    const auto snapshot = taken();
    EXPECT_TRUE(snapshot.proven) << snapshot.proof;
    EXPECT_EQ(snapshot.tables.size(), 8U);
    world->must("DELETE FROM \"two\nlines\"");
    restored(snapshot);
    EXPECT_EQ(world->get("SELECT count(*) FROM \"two\nlines\""), "3");
}

TEST_P(DatabaseContract, AnEmptyDatabaseIsADatabase) {
    const auto empty = make_world(GetParam());
    const auto snapshot = empty->database()->snapshot(empty->snapshots(), "m1", false);
    ASSERT_TRUE(snapshot) << why(snapshot.error());
    EXPECT_TRUE(snapshot->proven) << snapshot->proof;
    empty->must("CREATE TABLE later (x integer)");
    const auto done = empty->database()->restore(*snapshot, "m1");
    ASSERT_TRUE(done) << why(done.error());
    EXPECT_NE(empty->get("SELECT count(*) FROM later").find("error"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Adapters, DatabaseContract, testing::Values(Adapter::postgresql, Adapter::sqlite),
                         [](const auto& which) { return which.param == Adapter::postgresql ? "Postgresql" : "Sqlite"; });

}  // namespace
}  // namespace uprev::tests
