// SPDX-License-Identifier: Apache-2.0
// What only SQLite does: logs and journals beside the file, owners of files, locks held by others.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "adapters/database/sqlite.hpp"
#include "database_worlds.hpp"
#include "os/identity.hpp"
#include "os/linux.hpp"

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
        ASSERT_EQ(sqlite3_exec(handle, ("PRAGMA wal_autocheckpoint = 0; " + statement).c_str(), nullptr, nullptr, nullptr),
                  SQLITE_OK)
            << sqlite3_errmsg(handle);
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

TEST_F(SqliteDatabase, TheJournalModeIsKept) {
    for (const auto* mode : {"wal", "delete"}) {
        world.must("PRAGMA journal_mode = " + std::string(mode));
        const auto snapshot = taken(mode);
        world.must("PRAGMA journal_mode = " + std::string(mode == std::string("wal") ? "delete" : "wal"));
        ASSERT_TRUE(world.database()->restore(snapshot, mode));
        EXPECT_EQ(world.get("PRAGMA journal_mode"), mode);
    }
    EXPECT_TRUE(world.leftovers().empty()) << testing::PrintToString(world.leftovers());
}

TEST_F(SqliteDatabase, OwnerAndModeAreKept) {
    ASSERT_EQ(chmod(world.path().c_str(), 0640), 0);
    const bool root = os::is_root();
    const auto user = os::find_user(root ? "postgres" : "");
    ASSERT_EQ(chown(world.path().c_str(), user->uid, user->gid), 0);
    const auto snapshot = taken();
    world.must("DELETE FROM orders");
    ASSERT_TRUE(world.database()->restore(snapshot, "m1"));
    struct stat now {};
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
        struct stat file {};
        ASSERT_EQ(lstat(entry.path().c_str(), &file), 0);
        EXPECT_EQ(file.st_uid, user.uid) << entry.path() << " does not belong to the application's user";
    }
}

TEST_F(SqliteDatabase, ALinkIsFollowedWithTheRightsOfWhoeverMadeIt) {
    const os::User user = *os::find_user(os::is_root() ? "postgres" : "");
    fs::permissions(world.folder(), fs::perms(0755));
    const os::Path secret = world.folder() / "secret.db";
    fs::rename(world.path(), secret);
    fs::permissions(secret, os::is_root() ? fs::perms(0600) : fs::perms(0));
    fs::create_symlink(secret, world.path());
    ASSERT_EQ(lchown(world.path().c_str(), user.uid, user.gid), 0);
    EXPECT_FALSE(world.database()->inspect()) << "read what the application's user may not read";
    fs::permissions(secret, fs::perms(0600));
    ASSERT_EQ(chown(secret.c_str(), user.uid, user.gid), 0);
    ASSERT_EQ(chown(world.folder().c_str(), user.uid, user.gid), 0);
    const auto facts = world.database()->inspect();
    EXPECT_TRUE(facts) << facts.error().text();
}

// A file system that stops at its n-th change, before or after making it: what a crash there leaves.
class CutFileSystem final : public os::FileSystem {
   public:
    CutFileSystem(os::FileSystem& real, int at, bool after) : real_(real), left_(at), after_(after) {}
    [[nodiscard]] bool cut() const { return left_ < 0; }

    Result<os::FileInfo> info(const os::Path& path) const override { return real_.info(path); }
    Result<std::string> read(const os::Path& path, std::uint64_t limit) const override { return real_.read(path, limit); }
    Result<os::Path> read_link(const os::Path& path) const override { return real_.read_link(path); }
    Result<std::vector<std::string>> list(const os::Path& folder) const override { return real_.list(folder); }
    Result<os::DiskSpace> space(const os::Path& path) const override { return real_.space(path); }
    Result<> make_folders(const os::Path& path, std::uint32_t mode, const os::Owner& owner) override {
        return change([&] { return real_.make_folders(path, mode, owner); });
    }
    Result<> write(const os::Path& path, std::string_view bytes, std::uint32_t mode, const os::Owner& owner) override {
        return change([&] { return real_.write(path, bytes, mode, owner); });
    }
    Result<> point(const os::Path& link, const os::Path& target, const os::Owner& owner) override {
        return change([&] { return real_.point(link, target, owner); });
    }
    Result<> rename(const os::Path& from, const os::Path& to) override {
        return change([&] { return real_.rename(from, to); });
    }
    Result<> exchange(const os::Path& a, const os::Path& b) override {
        return change([&] { return real_.exchange(a, b); });
    }
    Result<> remove_tree(const os::Path& path) override {
        return change([&] { return real_.remove_tree(path); });
    }
    Result<> sync_tree(const os::Path& path) override {
        return change([&] { return real_.sync_tree(path); });
    }

   private:
    template <typename Work>
    Result<> change(Work work) {
        if (left_ < 0) return fail(Code::interrupted, "cut off");
        if (left_-- > 0) return work();
        if (after_) (void)work().has_value();
        return fail(Code::interrupted, "cut off");
    }
    os::FileSystem& real_;
    int left_;
    bool after_;
};

TEST_F(SqliteDatabase, ARestoreCutOffAtEachChangeIsFinishedByTheNext) {
    const auto real = os::make_filesystem();
    const auto snapshot = taken("m0");
    int points = 0;
    for (const bool after : {false, true})
        for (int at = 0;; ++at) {
            const std::string mark = "m" + std::to_string(++points);
            leave_a_log("DELETE FROM orders WHERE id > 60");
            CutFileSystem files(*real, at, after);
            const auto database = make_sqlite(world.spec, world.site, files);
            const auto first = (*database)->restore(snapshot, mark);
            EXPECT_EQ(first.has_value(), !files.cut());
            const auto between = world.get("SELECT count(*) FROM orders");
            EXPECT_TRUE(between == "100" || between == "60") << mark << ": neither old nor new: " << between;
            const auto second = world.database()->restore(snapshot, mark);
            ASSERT_TRUE(second) << mark << ": " << second.error().text();
            EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "100") << mark;
            EXPECT_EQ(world.get_in_failed(mark, "SELECT count(*) FROM orders"), "60") << mark;
            EXPECT_TRUE(world.leftovers().empty()) << mark << testing::PrintToString(world.leftovers());
            if (first) break;
        }
    EXPECT_GE(points, 14);
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
    ASSERT_EQ(sqlite3_exec(handle, "BEGIN EXCLUSIVE; INSERT INTO orders VALUES (600, 'x')", nullptr, nullptr, nullptr),
              SQLITE_OK);
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
        return facts ? "none"
                     : std::string(code_name(facts.error().code)) + (facts.error().hint.empty() ? " without a hint" : "");
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
    world.must(
        "INSERT INTO orders WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, "
        "hex(randomblob(40)) FROM n");
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
