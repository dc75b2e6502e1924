// SPDX-License-Identifier: Apache-2.0
// One small application's database per adapter, on real parts, seen from the application's side: the suite asks both the same.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "os/filesystem.hpp"
#include "ports/database.hpp"
#include "release/site_file.hpp"
#include "support/postgres.hpp"

namespace uprev::tests {

class DatabaseWorld {
   public:
    virtual ~DatabaseWorld();
    [[nodiscard]] virtual std::unique_ptr<Database> database() = 0;  // a fresh adapter, as after a restart
    // As the application does it, by the ordinary address.
    virtual Result<std::string> sql(const std::string& statement) = 0;
    // A writer that stays connected until the returned handle is dropped.
    virtual std::shared_ptr<void> connected_writer() = 0;
    // By the name that a fence gave.
    virtual Result<std::string> sql_at(const Fence& fence, const std::string& statement) = 0;
    virtual Result<std::string> sql_in_failed(const std::string& mark, const std::string& statement) = 0;
    // Copies and files that only an unfinished call leaves.
    virtual std::vector<std::string> leftovers() = 0;
    [[nodiscard]] virtual bool fence_hides() const = 0;  // the fence keeps new writers out; otherwise it only finds them

    [[nodiscard]] os::Path snapshots() const { return folder_ / "snapshots"; }
    [[nodiscard]] const os::Path& folder() const { return folder_; }
    void must(const std::string& statement);
    std::string get(const std::string& query);  // "error: …" when it fails
    std::string get_at(const Fence& fence, const std::string& query);
    std::string get_in_failed(const std::string& mark, const std::string& query);
    void fill(int rows);  // table orders(id, note) with `rows` rows

   protected:
    DatabaseWorld();
    os::Path folder_;
};

enum class Adapter { postgresql, sqlite };
std::unique_ptr<DatabaseWorld> make_world(Adapter adapter);

// One server for the whole program.
ScratchPostgres& postgres();

// A database of its own on that server, owned by a role of its own.
class PostgresWorld : public DatabaseWorld {
   public:
    explicit PostgresWorld(std::string name = {}, const std::string& role_rights = "CREATEDB");
    ~PostgresWorld() override;
    [[nodiscard]] std::unique_ptr<Database> database() override;
    Result<std::string> sql(const std::string& statement) override;
    std::shared_ptr<void> connected_writer() override;
    Result<std::string> sql_at(const Fence& fence, const std::string& statement) override;
    Result<std::string> sql_in_failed(const std::string& mark, const std::string& statement) override;
    std::vector<std::string> leftovers() override;
    [[nodiscard]] bool fence_hides() const override { return true; }

    [[nodiscard]] Result<std::unique_ptr<Database>> made();
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& role() const { return role_; }
    [[nodiscard]] std::string url() const;  // the application's, with its password
    void write_env(const std::string& url);
    std::vector<std::string> databases_beside();  // names that begin with ours, without it
    DatabaseSpec spec;
    SiteFile site;

   private:
    std::string name_;
    std::string role_;
};

class SqliteWorld : public DatabaseWorld {
   public:
    SqliteWorld();
    ~SqliteWorld() override;
    [[nodiscard]] std::unique_ptr<Database> database() override;
    Result<std::string> sql(const std::string& statement) override;
    std::shared_ptr<void> connected_writer() override;
    Result<std::string> sql_at(const Fence& fence, const std::string& statement) override;
    Result<std::string> sql_in_failed(const std::string& mark, const std::string& statement) override;
    std::vector<std::string> leftovers() override;
    [[nodiscard]] bool fence_hides() const override { return false; }

    [[nodiscard]] Result<std::unique_ptr<Database>> made();
    [[nodiscard]] os::Path path() const { return folder_ / "shop.db"; }
    DatabaseSpec spec;
    SiteFile site;

   private:
    std::unique_ptr<os::FileSystem> files_;
};

}  // namespace uprev::tests
