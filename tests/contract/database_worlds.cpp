// SPDX-License-Identifier: Apache-2.0
#include "database_worlds.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "adapters/database/pg_connection.hpp"
#include "adapters/database/pg_names.hpp"
#include "adapters/database/postgresql.hpp"
#include "adapters/database/sqlite.hpp"
#include "os/linux.hpp"
#include "os/process.hpp"

namespace uprev::tests {

namespace {
namespace fs = std::filesystem;

class NoProcesses final : public os::Processes {
    Result<os::Outcome> run(const os::Command&, const std::function<bool()>&) override {
        return fail(Code::bug, "not to be called");
    }
    Result<os::Recorded> recorded(const os::Path&) const override { return fail(Code::bug, "not to be called"); }
    Result<os::Recorded> settle(const os::Path&, bool, std::chrono::milliseconds) override {
        return fail(Code::bug, "not to be called");
    }
};

int next_number() {
    static int number = 0;
    return ++number;
}

Result<std::string> sqlite_value(const os::Path& path, const std::string& statement) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> handle(raw, sqlite3_close);
    if (opened != SQLITE_OK) return fail(Code::not_found, "cannot open " + path.string());
    sqlite3_busy_timeout(raw, 2000);
    std::string out;
    char* problem = nullptr;
    const auto row = [](void* into, int, char** values, char**) {
        *static_cast<std::string*>(into) = values[0] ? values[0] : "";
        return 0;
    };
    if (sqlite3_exec(raw, statement.c_str(), row, &out, &problem) == SQLITE_OK) return out;
    const std::string why = problem ? problem : "";
    sqlite3_free(problem);
    return fail(Code::failed, why);
}

std::string only(const std::vector<std::vector<std::string>>& rows) {
    return rows.empty() || rows[0].empty() ? std::string() : rows[0][0];
}
}  // namespace

DatabaseWorld::DatabaseWorld() {
    std::string name = (fs::temp_directory_path() / "uprev-tests-db.XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    folder_ = name;
}

DatabaseWorld::~DatabaseWorld() { fs::remove_all(folder_); }

void DatabaseWorld::must(const std::string& statement) {
    const auto done = sql(statement);
    ASSERT_TRUE(done) << statement << ": " << done.error().text();
}

namespace {
std::string shown(const Result<std::string>& answer) { return answer ? *answer : "error: " + answer.error().text(); }
}  // namespace

std::string DatabaseWorld::get(const std::string& query) { return shown(sql(query)); }
std::string DatabaseWorld::get_at(const Fence& fence, const std::string& query) { return shown(sql_at(fence, query)); }
std::string DatabaseWorld::get_in_failed(const std::string& mark, const std::string& query) {
    return shown(sql_in_failed(mark, query));
}

void DatabaseWorld::fill(int rows) {
    must("CREATE TABLE orders (id integer PRIMARY KEY, note text NOT NULL)");
    must("INSERT INTO orders WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
         ") SELECT i, 'order ' || i FROM n");
}

std::unique_ptr<DatabaseWorld> make_world(Adapter adapter) {
    if (adapter == Adapter::postgresql) return std::make_unique<PostgresWorld>();
    return std::make_unique<SqliteWorld>();
}

ScratchPostgres& postgres() {
    static const std::unique_ptr<ScratchPostgres> server = [] {
        auto started = ScratchPostgres::start();
        if (!started) {
            ADD_FAILURE() << started.error().text();
            std::abort();
        }
        return *std::move(started);
    }();
    return *server;
}

PostgresWorld::PostgresWorld(std::string name, const std::string& role_rights) : name_(std::move(name)) {
    const int number = next_number();
    if (name_.empty()) name_ = "shop" + std::to_string(number);
    role_ = "keeper" + std::to_string(number);
    for (const auto& statement : {"CREATE ROLE " + role_ + " LOGIN PASSWORD 'canary-" + role_ + "' " + role_rights,
                                  "CREATE DATABASE " + pg_name(name_) + " OWNER " + role_}) {
        const auto done = postgres().sql("postgres", statement);
        EXPECT_TRUE(done) << done.error().text();
    }
    spec.name = "main";
    spec.kind = "postgresql";
    site.root = folder_.string();
    write_env(url());
}

PostgresWorld::~PostgresWorld() {
    auto names = databases_beside();
    names.push_back(name_);
    for (const auto& name : names)
        (void)postgres().sql("postgres", "DROP DATABASE IF EXISTS " + pg_name(name) + " WITH (FORCE)").has_value();
    (void)postgres().sql("postgres", "DROP ROLE IF EXISTS " + role_).has_value();
}

std::string PostgresWorld::url() const {
    const auto address = parse_pg_address(postgres().url("x", role_, "canary-" + role_) + "?schema=public", "test");
    return address->with_database(name_);
}

void PostgresWorld::write_env(const std::string& url) {
    fs::create_directories(folder_ / "shared");
    std::ofstream(folder_ / "shared/.env") << "PORT=1\nDATABASE_URL=\"" << url << "\"\n";
    fs::permissions(folder_ / "shared/.env", fs::perms(0600));
}

Result<std::unique_ptr<Database>> PostgresWorld::made() {
    static NoProcesses processes;
    return make_postgresql(spec, site, processes);
}

std::unique_ptr<Database> PostgresWorld::database() {
    auto database = made();
    if (!database) {
        ADD_FAILURE() << database.error().text();
        return nullptr;
    }
    return *std::move(database);
}

Result<std::string> PostgresWorld::sql(const std::string& statement) {
    const auto address = TRY(parse_pg_address(url(), "test"));
    return only(TRY(run_sql(address.conninfo, statement)));
}

std::shared_ptr<void> PostgresWorld::connected_writer() {
    const auto address = parse_pg_address(url(), "test");
    return {PQconnectdb(address->conninfo.c_str()), [](void* connection) { PQfinish(static_cast<PGconn*>(connection)); }};
}

Result<std::string> PostgresWorld::sql_at(const Fence& fence, const std::string& statement) {
    const auto address = TRY(parse_pg_address(fence.env.at("DATABASE_URL"), "test"));
    return only(TRY(run_sql(address.conninfo, statement)));
}

Result<std::string> PostgresWorld::sql_in_failed(const std::string& mark, const std::string& statement) {
    return postgres().value(pg_beside(name_, PgWord::failed, mark), statement);
}

std::vector<std::string> PostgresWorld::databases_beside() {
    std::vector<std::string> out;
    const auto rows = postgres().sql("postgres", "SELECT datname FROM pg_database WHERE datname <> " + pg_literal(name_) +
                                                     " AND (left(datname, " + std::to_string(name_.size() + 1) +
                                                     ") = " + pg_literal(name_ + "_") + " OR left(datname, 29) = left(" +
                                                     pg_literal(name_) + ", 29) AND length(datname) > 38) ORDER BY 1");
    EXPECT_TRUE(rows) << rows.error().text();
    for (const auto& row : *rows) out.push_back(row[0]);
    return out;
}

std::vector<std::string> PostgresWorld::leftovers() {
    std::vector<std::string> out;
    for (const auto& name : databases_beside())
        if (name.find("_failed_") == std::string::npos) out.push_back(name);
    if (fs::exists(snapshots()))
        for (const auto& entry : fs::directory_iterator(snapshots()))
            if (entry.path().extension() != ".dump") out.push_back(entry.path().filename().string());
    return out;
}

SqliteWorld::SqliteWorld() : files_(os::make_filesystem()) {
    spec.name = "main";
    spec.kind = "sqlite";
    spec.sqlite.path = "${root}/shop.db";
    site.root = folder_.string();
    std::ofstream(path()).flush();
    must("PRAGMA journal_mode = WAL");
}

SqliteWorld::~SqliteWorld() = default;

Result<std::unique_ptr<Database>> SqliteWorld::made() { return make_sqlite(spec, site, *files_); }

std::unique_ptr<Database> SqliteWorld::database() {
    auto database = made();
    if (!database) {
        ADD_FAILURE() << database.error().text();
        return nullptr;
    }
    return *std::move(database);
}

Result<std::string> SqliteWorld::sql(const std::string& statement) { return sqlite_value(path(), statement); }

// Another process: the file's own is never counted.
std::shared_ptr<void> SqliteWorld::connected_writer() {
    int ready[2] = {-1, -1};
    if (pipe(ready) != 0) std::abort();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sqlite3* handle = nullptr;
        sqlite3_open_v2(path().c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
        sqlite3_exec(handle, "SELECT count(*) FROM orders", nullptr, nullptr, nullptr);
        if (write(ready[1], "x", 1) != 1) _exit(1);
        while (true) pause();
    }
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) std::abort();
    close(ready[0]);
    close(ready[1]);
    return {new pid_t(pid), [](void* of) {
                const std::unique_ptr<pid_t> child(static_cast<pid_t*>(of));
                kill(*child, SIGKILL);
                waitpid(*child, nullptr, 0);
            }};
}

Result<std::string> SqliteWorld::sql_at(const Fence& fence, const std::string& statement) {
    return sqlite_value(fence.name, statement);
}

Result<std::string> SqliteWorld::sql_in_failed(const std::string& mark, const std::string& statement) {
    return sqlite_value(path().string() + ".failed-" + mark, statement);
}

std::vector<std::string> SqliteWorld::leftovers() {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) {
        const auto name = entry.path().filename().string();
        if (name.find("uprev-restore") != std::string::npos) out.push_back(name);
    }
    if (fs::exists(snapshots()))
        for (const auto& entry : fs::directory_iterator(snapshots()))
            if (entry.path().extension() != ".db") out.push_back(entry.path().filename().string());
    return out;
}

}  // namespace uprev::tests
