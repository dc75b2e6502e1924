// SPDX-License-Identifier: Apache-2.0
// What only SQLite does: logs and journals beside the file, owners of files, locks held by others.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "database_worlds.hpp"
#include "os/identity.hpp"

namespace uprev::tests {
namespace {

namespace fs = std::filesystem;

class SqliteDatabase : public testing::Test {
   protected:
    void SetUp() override { world.fill(100); }
    Snapshot taken(const std::string& mark = "m1") {
        auto snapshot = world.database()->snapshot(world.snapshots(), mark, false);
        EXPECT_TRUE(snapshot) << snapshot.error().text();
        return snapshot ? *snapshot : Snapshot{};
    }
    // Leaves committed rows in the log, as a process that was killed does.
    void leave_a_log(const std::string& statement) {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(world.path().c_str(), &handle), SQLITE_OK);
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        ASSERT_EQ(sqlite3_exec(handle, ("PRAGMA wal_autocheckpoint = 0; " + statement).c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
        sqlite3_close(handle);
        ASSERT_GT(fs::file_size(world.path().string() + "-wal"), 0U);
    }
    SqliteWorld world;
};

TEST_F(SqliteDatabase, RowsThatAreOnlyInTheLogAreInTheSnapshot) {
    leave_a_log("INSERT INTO orders VALUES (500, 'in the log')");
    const auto snapshot = taken();
    world.must("DELETE FROM orders");
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    EXPECT_EQ(world.get("SELECT note FROM orders WHERE id = 500"), "in the log");
}

TEST_F(SqliteDatabase, AStaleLogGoesWithTheFailedDatabase) {
    const auto snapshot = taken();
    leave_a_log("UPDATE orders SET note = 'wrong'");
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    EXPECT_EQ(world.get("SELECT note FROM orders WHERE id = 7"), "order 7") << "the old log was replayed into the restored file";
    EXPECT_EQ(world.get_in_failed("m1", "SELECT note FROM orders WHERE id = 7"), "wrong") << "the failed database lost its log";
    EXPECT_EQ(world.get("PRAGMA integrity_check"), "ok");
}

TEST_F(SqliteDatabase, ADatabaseThatIsDamagedKeepsItsLog) {
    const auto snapshot = taken();
    leave_a_log("UPDATE orders SET note = 'wrong'");
    const auto size = fs::file_size(world.path().string() + "-wal");
    std::ofstream(world.path(), std::ios::binary) << std::string(8192, 'x');
    const auto done = world.database()->restore(snapshot, "m1");
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(world.get("SELECT note FROM orders WHERE id = 7"), "order 7");
    EXPECT_EQ(fs::file_size(world.path().string() + ".failed-m1-wal"), size);
}

TEST_F(SqliteDatabase, LookingChangesNothing) {
    leave_a_log("INSERT INTO orders VALUES (500, 'x')");
    const auto read = [](const os::Path& path) {
        std::ifstream in(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto before = read(world.path());
    const auto log = read(world.path().string() + "-wal");
    ASSERT_TRUE(world.database()->inspect());
    taken();
    EXPECT_EQ(read(world.path()), before);
    EXPECT_EQ(read(world.path().string() + "-wal"), log);
}

TEST_F(SqliteDatabase, TheMarkStaysThroughACheckpoint) {
    leave_a_log("INSERT INTO orders VALUES (500, 'x')");
    const auto mark = world.database()->inspect()->write_mark;
    world.must("PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(world.database()->inspect()->write_mark, mark);
    EXPECT_EQ(*world.database()->written_since(mark), Written::no);
}

TEST_F(SqliteDatabase, OwnerAndModeAreKept) {
    ASSERT_EQ(chmod(world.path().c_str(), 0640), 0);
    const bool root = os::is_root();
    const auto user = os::find_user(root ? "postgres" : "");
    ASSERT_EQ(chown(world.path().c_str(), user->uid, user->gid), 0);
    const auto snapshot = taken();
    world.must("DELETE FROM orders");
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    struct stat now{};
    ASSERT_EQ(stat(world.path().c_str(), &now), 0);
    EXPECT_EQ(now.st_uid, user->uid);
    EXPECT_EQ(now.st_gid, user->gid);
    EXPECT_EQ(now.st_mode & 07777U, 0640U);
}

TEST_F(SqliteDatabase, NothingOfOursStaysInTheApplicationsFolder) {
    const os::User user = *os::find_user(os::is_root() ? "postgres" : "");
    for (const auto& path : {world.folder(), world.path()}) ASSERT_EQ(chown(path.c_str(), user.uid, user.gid), 0);
    for (const auto* companion : {"-wal", "-shm"}) fs::remove(world.path().string() + companion);
    const auto snapshot = taken();
    ASSERT_TRUE(world.database()->inspect());
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    for (const auto& entry : fs::directory_iterator(world.folder())) {
        if (entry.path() == world.snapshots()) continue;
        struct stat file{};
        ASSERT_EQ(lstat(entry.path().c_str(), &file), 0);
        EXPECT_EQ(file.st_uid, user.uid) << entry.path() << " does not belong to the application's user";
    }
}

TEST_F(SqliteDatabase, RestoreRefusesWhileAProcessHasItOpen) {
    const auto snapshot = taken();
    const auto writer = world.connected_writer();
    const auto refused = world.database()->restore(snapshot, "m1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::conflict) << refused.error().text();
    EXPECT_FALSE(fs::exists(world.path().string() + ".failed-m1"));
}

TEST_F(SqliteDatabase, ABusyWriterIsWaitedFor) {
    world.must("PRAGMA journal_mode = DELETE");
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(world.path().c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, "BEGIN EXCLUSIVE; INSERT INTO orders VALUES (600, 'x')", nullptr, nullptr, nullptr), SQLITE_OK);
    std::thread releasing([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        sqlite3_exec(handle, "COMMIT", nullptr, nullptr, nullptr);
    });
    const auto snapshot = taken();
    releasing.join();
    sqlite3_close(handle);
    EXPECT_EQ(snapshot.tables[0].rows, 101U);
}

TEST_F(SqliteDatabase, WhatIsNoDatabaseIsRefused) {
    const auto code = [&] {
        const auto facts = world.database()->inspect();
        return facts ? "none" : std::string(code_name(facts.error().code)) + (facts.error().hint.empty() ? " without a hint" : "");
    };
    std::ofstream(world.path(), std::ios::binary) << std::string(8192, 'x');
    EXPECT_EQ(code(), "corrupt");
    fs::remove(world.path());
    EXPECT_EQ(code(), "not_found");
    EXPECT_FALSE(fs::exists(world.path())) << "looking made an empty database";
    world.spec.sqlite.path = "relative.db";
    const auto refused = world.made();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid);
}

TEST_F(SqliteDatabase, ADamagedPageIsNoticedBeforeItIsCalledABackup) {
    world.must("INSERT INTO orders WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(40)) FROM n");
    world.must("CREATE INDEX notes ON orders (note)");
    world.must("PRAGMA wal_checkpoint(TRUNCATE)");
    {
        std::fstream file(world.path(), std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(static_cast<std::streamoff>(fs::file_size(world.path()) - 3 * 4096));
        file << std::string(2 * 4096, '\x5a');
    }
    const auto refused = world.database()->snapshot(world.snapshots(), "m1", false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::corrupt) << refused.error().text();
    EXPECT_TRUE(fs::is_empty(world.snapshots()));
}

TEST_F(SqliteDatabase, FullTextTablesAndTypesRoundTrip) {
    world.must("CREATE VIRTUAL TABLE words USING fts5(body)");
    world.must("INSERT INTO words VALUES ('one two'), ('three')");
    world.must("CREATE TABLE kinds (k PRIMARY KEY, v) WITHOUT ROWID");
    world.must("INSERT INTO kinds VALUES (1, 1.5), ('1', x'00ff00'), (x'31', NULL)");
    const auto snapshot = taken();
    EXPECT_TRUE(snapshot.proven);
    world.must("DELETE FROM words");
    world.must("UPDATE kinds SET v = '1.5' WHERE k = 1");
    EXPECT_EQ(*world.database()->written_since(snapshot.write_mark), Written::yes);
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    EXPECT_EQ(world.get("SELECT count(*) FROM words WHERE words MATCH 'two'"), "1");
    EXPECT_EQ(world.get("SELECT typeof(v) FROM kinds WHERE k = 1"), "real");
    EXPECT_EQ(*world.database()->written_since(snapshot.write_mark), Written::no);
}

TEST_F(SqliteDatabase, TheSchemaIsReadByTheSitesQuery) {
    world.spec.sqlite.schema_query = "PRAGMA user_version";
    world.must("PRAGMA user_version = 7");
    EXPECT_EQ(world.database()->inspect()->schema, "7");
    EXPECT_EQ(taken().schema, "7");
    world.spec.sqlite.schema_query = "SELECT max(v) FROM not_yet_there";
    EXPECT_EQ(world.database()->inspect()->schema, "");
    world.spec.sqlite.schema_query = "SELEC 1";
    EXPECT_FALSE(world.database()->inspect());
}

}  // namespace
}  // namespace uprev::tests
