// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/postgresql.hpp"

#include "adapters/database/pg_census.hpp"
#include "adapters/database/pg_content.hpp"
#include "adapters/database/pg_fence.hpp"
#include "adapters/database/pg_inspect.hpp"
#include "adapters/database/pg_restore.hpp"
#include "adapters/database/pg_server.hpp"
#include "adapters/database/pg_snapshot.hpp"
#include "os/linux.hpp"

namespace uprev {

namespace {
class Postgresql final : public Database {
   public:
    explicit Postgresql(PgServer server) : server_(std::move(server)) {}

    Result<DatabaseFacts> inspect() override { return pg_inspect(server_); }
    Result<Snapshot> snapshot(const os::Path& folder, const std::string& mark, bool keep_copy) override {
        return pg_snapshot(server_, folder, mark, keep_copy);
    }
    Result<Fence> fence(const std::string& mark) override { return pg_fence(server_, mark); }
    Result<> unfence(const std::string& mark) override { return pg_unfence(server_, mark); }
    Result<> lay_aside(const Snapshot& snapshot, const std::string& mark) override {
        return pg_lay_aside(server_, snapshot, mark);
    }
    Result<> restore(const Snapshot& snapshot, const std::string& mark) override {
        return pg_restore_snapshot(server_, snapshot, mark);
    }
    Result<Written> written_since(const std::string& write_mark) override;
    Result<> forget(const Snapshot& snapshot, bool keep_dump) override;
    Result<> discard(const os::Path& folder, const std::string& mark) override;
    Result<std::optional<ReplacedDatabase>> replaced(const std::string& mark) override { return pg_replaced(server_, mark); }
    Result<> drop_replaced(const std::string& mark) override { return pg_drop_replaced(server_, mark); }
    Result<> verify(const Snapshot& snapshot, const std::string& mark) override {
        return pg_verify_snapshot(server_, snapshot, mark);
    }
    Result<std::vector<TableCount>> count() override;

   private:
    PgServer server_;
};

Result<Written> Postgresql::written_since(const std::string& write_mark) {
    auto admin = TRY(server_.admin());
    const auto live = TRY(server_.locate(admin));
    auto connection = TRY(server_.open(live.name));
    return pg_written_since(connection, write_mark);
}

Result<std::vector<TableCount>> Postgresql::count() {
    auto admin = TRY(server_.admin());
    auto connection = TRY(server_.open(TRY(server_.locate(admin)).name));
    TRY_VOID(connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    return pg_count_tables(connection);
}

Result<> Postgresql::forget(const Snapshot& snapshot, bool keep_dump) {
    TRY_VOID(pg_forget_copy(server_, snapshot));
    return keep_dump || snapshot.path.empty() ? Result<>{} : os::make_filesystem()->remove_tree(snapshot.path);
}

Result<> Postgresql::discard(const os::Path& folder, const std::string& mark) {
    TRY_VOID(pg_discard_copy(server_, mark));
    const auto files = os::make_filesystem();
    const auto dump = pg_dump_path(server_, folder, mark);
    TRY_VOID(files->remove_tree(dump.string() + ".part"));
    return files->remove_tree(dump);
}
}  // namespace

Result<std::unique_ptr<Database>> make_postgresql(const DatabaseSpec& spec, const SiteFile& site, os::Processes& /*processes*/) {
    return std::unique_ptr<Database>(std::make_unique<Postgresql>(TRY(PgServer::of(spec, site))));
}

}  // namespace uprev
