// SPDX-License-Identifier: Apache-2.0
// What goes wrong with a PostgreSQL server, and what the operator is told: the right code, a next step, never a password.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "adapters/database/pg_connection.hpp"
#include "database_worlds.hpp"

namespace uprev::tests {
namespace {

namespace fs = std::filesystem;

class PostgresqlErrors : public testing::Test {
   protected:
    void SetUp() override { world.fill(50); }
    static void expect(const Error& error, Code code, const std::string& part) {
        EXPECT_EQ(code_name(error.code), code_name(code)) << error.text();
        EXPECT_NE(error.text().find(part), std::string::npos) << error.text();
        EXPECT_FALSE(error.hint.empty()) << "no next step: " << error.text();
        EXPECT_EQ((error.text() + error.hint).find("canary"), std::string::npos) << error.text() << error.hint;
    }
    Error refusal() {
        auto database = world.made();
        if (!database) return database.error();
        const auto facts = (*database)->inspect();
        return facts ? Error(Code::bug, "nothing was refused") : facts.error();
    }
    // A folder whose pg_dump does something else, and whose pg_restore is the real one.
    void pretend_pg_dump(const std::string& script) {
        const os::Path bin = world.folder() / "bin";
        fs::create_directories(bin);
        std::ofstream(bin / "pg_dump")
            << "#!/bin/sh\nreal=/usr/lib/postgresql/15/bin/pg_dump\n"
            << "[ \"$1\" = --version ] && exec $real --version\n[ \"$1\" = --schema-only ] && exec $real \"$@\"\n"
            << script << "\n";
        fs::permissions(bin / "pg_dump", fs::perms(0755));
        fs::remove(bin / "pg_restore");
        fs::create_symlink("/usr/lib/postgresql/15/bin/pg_restore", bin / "pg_restore");
        world.spec.postgresql.bin = bin.string();
    }
    Error unproven() {
        const auto snapshot = world.database()->snapshot(world.snapshots(), "m1", false);
        EXPECT_TRUE(world.leftovers().empty()) << testing::PrintToString(world.leftovers());
        EXPECT_TRUE(fs::is_empty(world.snapshots())) << "a dump that is no good was left";
        return snapshot ? Error(Code::bug, "it was called a snapshot: " + snapshot->proof) : snapshot.error();
    }
    PostgresWorld world;
};

TEST_F(PostgresqlErrors, WrongPassword) {
    world.write_env(postgres().url(world.name(), world.role(), "canary-wrong"));
    expect(refusal(), Code::permission, "password authentication failed");
}

TEST_F(PostgresqlErrors, NoSuchRole) {
    world.write_env(postgres().url(world.name(), "nobody_here", "canary"));
    expect(refusal(), Code::permission, "DATABASE_URL in '");
}

TEST_F(PostgresqlErrors, NoSuchDatabase) {
    world.write_env(postgres().url("not_there", world.role(), "canary-" + world.role()));
    expect(refusal(), Code::not_found, "database 'not_there' does not exist");
}

TEST_F(PostgresqlErrors, NobodyListens) {
    world.write_env("postgresql://" + world.role() + ":canary@127.0.0.1:1/" + world.name());
    expect(refusal(), Code::unavailable, "Connection refused");
}

TEST_F(PostgresqlErrors, NoSuchHost) {
    world.write_env("postgresql://u:canary@no-such-host.invalid/" + world.name());
    expect(refusal(), Code::unavailable, "no-such-host.invalid");
}

TEST_F(PostgresqlErrors, NoAddressAtAll) {
    std::ofstream(world.folder() / "shared/.env") << "PORT=1\n";
    expect(refusal(), Code::invalid, "has no DATABASE_URL");
    fs::remove(world.folder() / "shared/.env");
    expect(refusal(), Code::invalid, "has no DATABASE_URL");
    world.write_env("canary");
    expect(refusal(), Code::invalid, "is not a PostgreSQL address");
}

TEST_F(PostgresqlErrors, TheApplicationsAddressLeadsElsewhere) {
    world.spec.postgresql.url = postgres().socket_url(world.name());
    world.spec.postgresql.as = postgres().user();
    PostgresWorld other;
    world.write_env(other.url());
    expect(refusal(), Code::invalid, "leads to database '" + other.name() + "'");
    auto second = ScratchPostgres::start();
    ASSERT_TRUE(second) << second.error().text();
    ASSERT_TRUE((*second)->sql("postgres", "CREATE DATABASE " + world.name()));
    world.write_env((*second)->url(world.name()));
    expect(refusal(), Code::invalid, "leads to another server");
    world.write_env(postgres().url(world.name(), world.role(), "canary-wrong"));
    expect(refusal(), Code::permission, "trying the application's own address");
    world.write_env(world.url());
    EXPECT_TRUE(world.database()->inspect());
}

TEST_F(PostgresqlErrors, ARoleThatMayNotCreateDatabasesGetsAnUnverifiedSnapshot) {
    ASSERT_TRUE(postgres().sql("postgres", "ALTER ROLE " + world.role() + " NOCREATEDB"));
    const auto snapshot = world.database()->snapshot(world.snapshots(), "m1", true);
    ASSERT_TRUE(snapshot) << snapshot.error().text();
    EXPECT_FALSE(snapshot->proven);
    EXPECT_TRUE(snapshot->proof.starts_with("unverified: ")) << snapshot->proof;
    EXPECT_NE(snapshot->proof.find("permission denied to create database"), std::string::npos) << snapshot->proof;
    EXPECT_EQ(snapshot->restored, "");
    const auto fence = world.database()->fence("m1");
    ASSERT_FALSE(fence);
    expect(fence.error(), Code::permission, "permission denied");
    EXPECT_NE(fence.error().hint.find("CREATEDB"), std::string::npos);
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "50");
}

TEST_F(PostgresqlErrors, ADumpThatIsEmptyYetSucceeded) {
    pretend_pg_dump("exit 0");
    EXPECT_EQ(unproven().code, Code::corrupt);
}

TEST_F(PostgresqlErrors, ADumpThatWasCutShortYetSucceeded) {
    world.must("INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1000, 9000) i");
    for (const auto* bytes : {"4", "500", "5000", "60000"}) {
        pretend_pg_dump("$real \"$@\" | head -c " + std::string(bytes));
        const auto error = unproven();
        EXPECT_TRUE(error.code == Code::corrupt || error.code == Code::failed) << bytes << ": " << error.text();
    }
}

TEST_F(PostgresqlErrors, ADumpWithoutTheRowsYetSucceeded) {
    pretend_pg_dump("exec $real --exclude-table-data=orders \"$@\"");
    const auto error = unproven();
    EXPECT_EQ(error.code, Code::corrupt);
    EXPECT_NE(error.text().find("public.orders has 0 rows instead of 50"), std::string::npos) << error.text();
}

TEST_F(PostgresqlErrors, ADumpWithoutAnIndexYetSucceeded) {
    pretend_pg_dump("exec $real --section=pre-data --section=data \"$@\"");
    const auto error = unproven();
    EXPECT_EQ(error.code, Code::corrupt);
    EXPECT_NE(error.text().find("another schema"), std::string::npos) << error.text();
}

TEST_F(PostgresqlErrors, ADumpThatFails) {
    pretend_pg_dump("echo 'pg_dump: error: could not write to file: No space left on device' >&2; exit 1");
    EXPECT_EQ(unproven().code, Code::exhausted);
    pretend_pg_dump("kill -9 $$");
    EXPECT_EQ(unproven().code, Code::failed);
}

TEST_F(PostgresqlErrors, ToolsThatAreTooOldOrMissing) {
    pretend_pg_dump("exit 1");
    std::ofstream(world.folder() / "bin/pg_dump") << "#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.4'\n";
    const auto old = world.database()->snapshot(world.snapshots(), "m1", false);
    ASSERT_FALSE(old);
    expect(old.error(), Code::not_found, "pg_dump 12.4 is too old for the server's version 15");
    world.spec.postgresql.bin = (world.folder() / "nowhere").string();
    const auto missing = world.database()->snapshot(world.snapshots(), "m1", false);
    ASSERT_FALSE(missing);
    expect(missing.error(), Code::not_found, "not installed");
}

TEST_F(PostgresqlErrors, ATableThatMayNotBeRead) {
    ASSERT_TRUE(postgres().sql(world.name(), "CREATE TABLE private (x int)"));
    const auto refused = world.database()->snapshot(world.snapshots(), "m1", false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::permission) << refused.error().text();
    EXPECT_NE(refused.error().text().find("private"), std::string::npos) << refused.error().text();
}

TEST_F(PostgresqlErrors, ASessionThatCannotBeEndedIsNamed) {
    auto superuser = PgConnection::open(*parse_pg_address(postgres().url(world.name()), "test"), world.name(), "");
    ASSERT_TRUE(superuser) << superuser.error().text();
    const auto refused = world.database()->fence("m1");
    ASSERT_FALSE(refused);
    expect(refused.error(), Code::conflict, "of role postgres");
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "50");
}

TEST_F(PostgresqlErrors, AFenceThatTheMigrationCouldNotPassIsTakenAway) {
    const os::Path rules = postgres().data() / "pg_hba.conf";
    const auto original = [&] {
        std::ifstream in(rules);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }();
    const auto use = [&](const std::string& text) {
        std::ofstream(rules) << text;
        ASSERT_TRUE(postgres().sql("postgres", "SELECT pg_reload_conf(), pg_sleep(0.2)"));
    };
    world.spec.postgresql.url = postgres().socket_url(world.name());
    world.spec.postgresql.as = postgres().user();
    use("host " + world.name() + " " + world.role() + " all scram-sha-256\nhost all " + world.role() + " all reject\n" +
        original);
    const auto refused = world.database()->fence("m1");
    use(original);
    ASSERT_FALSE(refused);
    expect(refused.error(), Code::permission, "does not work under the fenced name");
    EXPECT_EQ(world.get("SELECT count(*) FROM orders"), "50") << "the fence stayed";
}

TEST_F(PostgresqlErrors, ADatabaseMadeAnewBehindTheFence) {
    ASSERT_TRUE(world.database()->fence("m1"));
    ASSERT_TRUE(postgres().sql("postgres", "CREATE DATABASE " + world.name()));
    for (const auto& error :
         {world.database()->unfence("m1").error(), world.database()->inspect().error(), world.database()->fence("m1").error()})
        expect(error, Code::conflict, "both '" + world.name() + "' and '");
}

TEST_F(PostgresqlErrors, AFenceOfAnotherOperation) {
    ASSERT_TRUE(world.database()->fence("m1"));
    const auto refused = world.database()->fence("m2");
    ASSERT_FALSE(refused);
    expect(refused.error(), Code::conflict, "by another operation");
    EXPECT_TRUE(world.database()->unfence("m2")) << "not fenced by it";
    EXPECT_FALSE(world.sql("SELECT 1")) << "another operation's fence was taken away";
    ASSERT_TRUE(world.database()->unfence("m1"));
}

TEST_F(PostgresqlErrors, TheServerStopsAndComesBack) {
    auto own = ScratchPostgres::start();
    ASSERT_TRUE(own) << own.error().text();
    world.write_env((*own)->url("postgres"));
    (*own)->stop();
    const auto down = refusal();
    expect(down, Code::unavailable, "refused");
    ASSERT_TRUE((*own)->resume());
    const auto database = world.database();
    EXPECT_TRUE(database->inspect());
}

}  // namespace
}  // namespace uprev::tests
