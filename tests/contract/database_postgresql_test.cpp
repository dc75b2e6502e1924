// SPDX-License-Identifier: Apache-2.0
// What only PostgreSQL does: owners, grants, settings, extensions, large objects, peers, sessions that come back.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "adapters/database/pg_connection.hpp"
#include "adapters/database/pg_names.hpp"
#include "database_worlds.hpp"
#include "os/identity.hpp"

namespace uprev::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class PostgresqlDatabase : public testing::Test {
   protected:
    static Snapshot taken(PostgresWorld& world, bool keep_copy = false) {
        auto snapshot = world.database()->snapshot(world.snapshots(), "m1", keep_copy);
        EXPECT_TRUE(snapshot) << snapshot.error().text();
        return snapshot ? *snapshot : Snapshot{};
    }
    static void restored(PostgresWorld& world, const Snapshot& snapshot) {
        const auto done = world.database()->restore(snapshot, "m1");
        ASSERT_TRUE(done) << done.error().text();
    }
    static void as_superuser(const std::string& database, const std::string& statement) {
        const auto done = postgres().sql(database, statement);
        ASSERT_TRUE(done) << statement << ": " << done.error().text();
    }
    static std::string ask(const std::string& database, const std::string& query) {
        const auto answer = postgres().value(database, query);
        return answer ? *answer : "error: " + answer.error().text();
    }
    static void be_superuser(PostgresWorld& world) {
        world.spec.postgresql.url = postgres().socket_url(world.name());
        world.spec.postgresql.as = postgres().user();
    }
};

TEST_F(PostgresqlDatabase, OwnersGrantsAndSettingsOfTheDatabaseComeBack) {
    for (const bool keep_copy : {false, true}) {
        PostgresWorld world;
        world.fill(10);
        be_superuser(world);
        const std::string on = "ALTER DATABASE " + world.name();
        as_superuser("postgres", "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'r'");
        for (const auto& statement : {on + " SET search_path TO \"$user\", public", on + " SET work_mem = '7MB'",
                                      on + " SET shop.tenant = 'a,b'", on + " SET default_transaction_read_only = off",
                                      "ALTER ROLE reader IN DATABASE " + world.name() + " SET statement_timeout = '9s'",
                                      on + " CONNECTION LIMIT 17", "REVOKE CONNECT ON DATABASE " + world.name() + " FROM PUBLIC",
                                      "GRANT CONNECT, TEMPORARY ON DATABASE " + world.name() + " TO reader WITH GRANT OPTION",
                                      "COMMENT ON DATABASE " + world.name() + " IS 'it''s the shop'"})
            as_superuser("postgres", statement);
        world.must("GRANT SELECT ON orders TO reader");
        const auto facts = [&] {
            return ask("postgres",
                       "SELECT format('%s %s %s %s', datconnlimit, pg_get_userbyid(datdba), shobj_description(oid, "
                       "'pg_database'), "
                       "(SELECT string_agg(format('%s:%s:%s', setrole::regrole, setconfig, 0), ' ' ORDER BY setrole) FROM "
                       "pg_db_role_setting WHERE setdatabase = d.oid)) "
                       "FROM pg_database d WHERE datname = '" +
                           world.name() + "'") +
                   ask("postgres",
                       "SELECT string_agg(format('%s %s %s', grantee::regrole, privilege_type, is_grantable), ', ' ORDER BY "
                       "grantee, privilege_type) FROM pg_database d, aclexplode(datacl) "
                       "WHERE datname = '" +
                           world.name() + "'") +
                   ask(world.name(),
                       "SELECT format('%s %s %s', relacl, relowner::regrole, current_setting('work_mem')) FROM pg_class WHERE "
                       "relname = 'orders'");
        };
        const auto before = facts();
        ASSERT_EQ(before.find("error"), std::string::npos) << before;
        const auto snapshot = taken(world, keep_copy);
        ASSERT_TRUE(snapshot.proven) << snapshot.proof;
        restored(world, snapshot);
        EXPECT_EQ(facts(), before);
        world.must("INSERT INTO orders VALUES (999, 'the application writes again')");
    }
    as_superuser("postgres", "DROP ROLE reader");
}

TEST_F(PostgresqlDatabase, ExtensionsLargeObjectsViewsPartitionsAndSequencesRoundTrip) {
    PostgresWorld world;
    world.fill(10);
    for (const auto* statement :
         {"CREATE EXTENSION pg_trgm", "CREATE EXTENSION hstore", "CREATE INDEX ON orders USING gin (note gin_trgm_ops)",
          "SELECT lo_from_bytea(0, 'picture')", "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders",
          "CREATE TABLE lines (at date, v hstore, kind varchar CHECK (kind IN ('a', 'b'))) PARTITION BY RANGE (at)",
          "CREATE TABLE lines_25 PARTITION OF lines FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
          "INSERT INTO lines VALUES ('2025-05-05', 'x=>1', 'a')", "CREATE SEQUENCE numbers",
          "SELECT nextval('numbers') FROM generate_series(1, 41)", "CREATE TABLE parent (a int)",
          "CREATE TABLE child (b int) INHERITS (parent)", "INSERT INTO child VALUES (1, 2)",
          "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- \\restrict\n$$",
          "CREATE TYPE mood AS ENUM ('good', 'bad')", "CREATE TABLE secrets (id int)",
          "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY", "CREATE UNLOGGED TABLE fast (x int)", "INSERT INTO fast VALUES (1)"})
        world.must(statement);
    const auto snapshot = taken(world);
    EXPECT_TRUE(snapshot.proven) << snapshot.proof;
    world.must("SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
    world.must("DROP TABLE lines");
    restored(world, snapshot);
    EXPECT_EQ(world.get("SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata"), "picture");
    EXPECT_EQ(world.get("SELECT count(*) FROM lines"), "1");
    EXPECT_EQ(world.get("SELECT nextval('numbers')"), "42");
    EXPECT_EQ(world.get("SELECT n FROM totals"), "10");
}

TEST_F(PostgresqlDatabase, AsTheServersOwnUserWithoutAnyPassword) {
    PostgresWorld world;
    world.fill(10);
    be_superuser(world);
    as_superuser("postgres", "ALTER ROLE " + world.role() + " NOCREATEDB");
    const auto facts = world.database()->inspect();
    ASSERT_TRUE(facts) << facts.error().text();
    EXPECT_EQ(facts->disk, postgres().data());
    const auto snapshot = taken(world);
    EXPECT_TRUE(snapshot.proven) << snapshot.proof;
    const auto fence = world.database()->fence("m1");
    ASSERT_TRUE(fence) << fence.error().text();
    EXPECT_NE(fence->env.at("DATABASE_URL").find("canary-"), std::string::npos)
        << "the migration gets the application's own address";
    EXPECT_FALSE(fence->secrets.empty());
    ASSERT_TRUE(world.sql_at(*fence, "DELETE FROM orders"));
    restored(world, snapshot);
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "10");
}

TEST_F(PostgresqlDatabase, LongAndStrangeDatabaseNames) {
    for (const std::string& name :
         {std::string("quo\"te's \\x"), std::string("-dash"), std::string("dbname=postgres"), std::string(63, 'n')}) {
        PostgresWorld world(name);
        world.fill(10);
        const auto snapshot = taken(world, true);
        ASSERT_TRUE(snapshot.proven) << name << ": " << snapshot.proof;
        const auto fence = world.database()->fence("a-mark-that-is-longer-than-any-name-may-be");
        ASSERT_TRUE(fence) << name << ": " << fence.error().text();
        EXPECT_LE(fence->name.size(), 63U);
        EXPECT_EQ(world.get_at(*fence, "DELETE FROM orders RETURNING 'gone'"), "gone") << name;
        restored(world, snapshot);
        EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "10") << name;
        ASSERT_TRUE(world.database()->unfence("a-mark-that-is-longer-than-any-name-may-be"));
    }
}

// A pool that reconnects as fast as it can must not get a write in once the fence stands, and must not keep it from being put up.
TEST_F(PostgresqlDatabase, APoolThatReconnectsIsKeptOut) {
    PostgresWorld world;
    world.fill(10);
    std::atomic<bool> stop{false};
    std::atomic<int> acknowledged{0};
    std::vector<std::thread> pool;
    for (int i = 0; i < 4; ++i)
        pool.emplace_back([&, i] {
            for (int n = 0; !stop; ++n)
                if (world.sql("INSERT INTO orders VALUES (" + std::to_string(1000 + i * 100000 + n) + ", 'pool')"))
                    ++acknowledged;
        });
    std::this_thread::sleep_for(200ms);
    const auto fence = world.database()->fence("m1");
    ASSERT_TRUE(fence) << fence.error().text();
    const auto count = [&] { return world.get_at(*fence, "SELECT count(*) FROM orders"); };
    const auto then = count();
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(count(), then) << "somebody wrote behind the fence";
    stop = true;
    for (auto& writer : pool) writer.join();
    EXPECT_GT(acknowledged, 0);
    EXPECT_GE(std::stoi(count()), acknowledged + 10) << "an acknowledged row is gone";
    ASSERT_TRUE(world.database()->unfence("m1"));
}

// The rename of a uprev that was killed still waits on the server. It must not take effect after the next call has looked.
TEST_F(PostgresqlDatabase, AStatementThatOutlivedItsUprevIsEnded) {
    PostgresWorld world;
    world.fill(10);
    const auto superuser = PgConnection::open(*parse_pg_address(postgres().url(world.name()), "test"), world.name(), "");
    ASSERT_TRUE(superuser) << "a session that can't be ended keeps the rename waiting";
    const pid_t child = fork();
    if (child == 0) _exit(world.database()->fence("m1") ? 0 : 1);
    const auto waiting = [] {
        return ask("postgres",
                   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER DATABASE%RENAME%' AND state = 'active'");
    };
    for (int i = 0; i < 200 && waiting() == "0"; ++i) std::this_thread::sleep_for(20ms);
    ASSERT_EQ(waiting(), "1");
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto done = world.database()->unfence("m1");
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(waiting(), "0") << "it may fence the database behind everybody's back";
}

TEST_F(PostgresqlDatabase, ASnapshotUnderLoadHoldsEveryRowAcknowledgedBefore) {
    PostgresWorld world;
    world.fill(10);
    world.must("CREATE TABLE log (id serial PRIMARY KEY, v text)");
    std::atomic<bool> stop{false};
    std::atomic<int> acknowledged{0};
    std::thread writer([&] {
        while (!stop)
            if (world.sql("INSERT INTO log (v) VALUES ('x')")) ++acknowledged;
    });
    std::this_thread::sleep_for(200ms);
    const int before = acknowledged;
    const auto snapshot = taken(world);
    stop = true;
    writer.join();
    ASSERT_TRUE(snapshot.proven) << snapshot.proof;
    restored(world, snapshot);
    EXPECT_GE(std::stoi(world.get("SELECT count(*) FROM log")), before);
    world.must("INSERT INTO log (v) VALUES ('the sequence goes on')");
}

TEST_F(PostgresqlDatabase, AWriteThatWasUnderWayAtTheMarkIsNotTakenForNone) {
    PostgresWorld world;
    world.fill(10);
    const auto address = parse_pg_address(world.url(), "test");
    auto writer = PgConnection::open(*address, world.name(), "");
    ASSERT_TRUE(writer) << writer.error().text();
    // The row's own transaction id is a subtransaction's, which no snapshot lists.
    ASSERT_TRUE(writer->run("BEGIN; SAVEPOINT s; INSERT INTO public.orders VALUES (77, 'late')"));
    const auto mark = world.database()->inspect()->write_mark;
    ASSERT_TRUE(writer->run("COMMIT"));
    EXPECT_NE(*world.database()->written_since(mark), Written::no);
}

TEST_F(PostgresqlDatabase, OtherDatabasesOfTheServerDoNotCountAsWrites) {
    PostgresWorld world;
    PostgresWorld other;
    world.fill(10);
    other.fill(10);
    const auto mark = world.database()->inspect()->write_mark;
    other.must("UPDATE orders SET note = 'x'");
    world.must("ANALYZE");
    world.must("VACUUM orders");
    EXPECT_EQ(*world.database()->written_since(mark), Written::no);
    world.must("SELECT 1; BEGIN; DELETE FROM orders WHERE id = 1; ROLLBACK");
    EXPECT_EQ(*world.database()->written_since(mark), Written::no);
    world.must("ALTER TABLE orders ALTER COLUMN note DROP NOT NULL");
    EXPECT_NE(*world.database()->written_since(mark), Written::no) << "a change of the schema that leaves every count as it was";
}

TEST_F(PostgresqlDatabase, AReadOnlyDatabaseIsSnapshottedAndRestoredReadOnly) {
    for (const bool by_role : {false, true}) {  // either is a way of maintenance mode
        PostgresWorld world;
        world.fill(10);
        world.must("ALTER " + (by_role ? "ROLE " + world.role() : "DATABASE " + world.name()) +
                   " SET default_transaction_read_only = on");
        const auto snapshot = taken(world, true);
        ASSERT_TRUE(snapshot.proven) << snapshot.proof;
        ASSERT_TRUE(world.database()->fence("m1"));
        restored(world, snapshot);
        EXPECT_NE(world.get("DELETE FROM orders").find("read-only"), std::string::npos);
        EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "10");
    }
}

TEST_F(PostgresqlDatabase, AKeptCopyThatSomebodyChangedIsNotUsed) {
    PostgresWorld world;
    world.fill(10);
    const auto snapshot = taken(world, true);
    ASSERT_FALSE(snapshot.restored.empty());
    as_superuser("postgres", "ALTER DATABASE " + pg_name(snapshot.restored) + " ALLOW_CONNECTIONS true");
    as_superuser(snapshot.restored, "DELETE FROM orders WHERE id = 3");
    restored(world, snapshot);
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "10");
}

TEST_F(PostgresqlDatabase, TheKeptCopyLetsNobodyIn) {
    PostgresWorld world;
    world.fill(10);
    const auto snapshot = taken(world, true);
    EXPECT_NE(ask(snapshot.restored, "SELECT 1").find("not currently accepting connections"), std::string::npos);
    ASSERT_TRUE(world.database()->forget(snapshot, true));
    EXPECT_TRUE(world.databases_beside().empty());
}

TEST_F(PostgresqlDatabase, ForgetNeverDropsTheApplicationsOwn) {
    PostgresWorld world;
    world.fill(10);
    auto snapshot = taken(world);
    snapshot.restored = world.name();
    const auto refused = world.database()->forget(snapshot, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::refused);
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "10");
}

// Nobody but us may read the password on the way: not in the arguments of a tool, not in a file.
TEST_F(PostgresqlDatabase, ThePasswordIsInNoCommandLineAndNoFile) {
    PostgresWorld world;
    world.fill(20000);
    std::atomic<bool> stop{false};
    std::atomic<int> tools{0};
    std::string leaked;
    std::thread watching([&] {
        while (!stop)
            for (const auto& entry : fs::directory_iterator("/proc")) {
                std::ifstream in(entry.path() / "cmdline");
                const std::string line(std::istreambuf_iterator<char>(in), {});
                if (line.find("pg_dump") != std::string::npos || line.find("pg_restore") != std::string::npos) ++tools;
                if (line.find("canary-" + world.role()) != std::string::npos) leaked = line;
            }
    });
    const auto snapshot = taken(world);
    stop = true;
    watching.join();
    EXPECT_GT(tools, 0) << "the tools were not seen at all";
    EXPECT_EQ(leaked, "");
    std::ifstream in(snapshot.path, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}).find("canary-"), std::string::npos);
    EXPECT_EQ(snapshot.proof.find("canary-"), std::string::npos);
}

TEST_F(PostgresqlDatabase, TheSchemaIsReadByTheSitesQuery) {
    PostgresWorld world;
    world.spec.postgresql.schema_query = "SELECT max(number)::text FROM migrations";
    EXPECT_EQ(world.database()->inspect()->schema, "") << "before the first migration";
    world.must("CREATE TABLE migrations (number int)");
    EXPECT_EQ(world.database()->inspect()->schema, "");
    world.must("INSERT INTO migrations VALUES (3), (12)");
    EXPECT_EQ(world.database()->inspect()->schema, "12");
    EXPECT_EQ(taken(world).schema, "12");
}

}  // namespace
}  // namespace uprev::tests
