// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_restore.hpp"

#include <cstdlib>

#include "adapters/database/dump_file.hpp"
#include "adapters/database/pg_copy.hpp"
#include "adapters/database/pg_names.hpp"
#include "adapters/database/pg_snapshot.hpp"
#include "adapters/database/pg_sweep.hpp"

namespace uprev {

namespace {
// A copy that was finished earlier (by the snapshot's proof, or laid aside), unless somebody has changed or dropped it since.
Result<bool> copy_holds(const PgServer& server, PgConnection& admin, const PgTools& tools, const std::string& copy,
                        const Snapshot& snapshot) {
    if (copy.empty() || !TRY(pg_exists(admin, copy))) return false;
    TRY_VOID(admin.run("ALTER DATABASE " + pg_name(copy) + " ALLOW_CONNECTIONS true"));
    const auto same = pg_compare(server, tools, copy, snapshot);
    if (!same && same.error().code != Code::corrupt) return same.error();
    return same.has_value();
}

Result<> fill_and_compare(const PgServer& server, PgConnection& admin, const PgTools& tools, const std::string& copy,
                          DumpFile& dump, const Snapshot& snapshot) {
    TRY_VOID(
        pg_fill(tools, server.reach(admin), copy, dump).within("restoring '" + snapshot.path.string() + "' into '" + copy + "'"));
    return pg_compare(server, tools, copy, snapshot);
}

Result<std::string> copy_from_dump(const PgServer& server, PgConnection& admin, const PgTools& tools, const PgLocated& live,
                                   const Snapshot& snapshot, const std::string& mark) {
    DumpFile dump = TRY(open_recorded(snapshot.path, snapshot.bytes, snapshot.sha256));
    const std::string copy = pg_beside(server.database(), PgWord::restored, mark);
    TRY_VOID(pg_create_like(admin, live.name, copy));
    auto filled = fill_and_compare(server, admin, tools, copy, dump, snapshot);
    if (filled) filled = pg_adopt_settings(admin, live.name, copy).within("carrying over the database's settings");
    if (filled) return copy;
    (void)pg_drop(admin, copy).has_value();  // the error that counts is the restore's
    return std::move(filled).error().within("the live database is untouched");
}

// Whichever copy holds what the snapshot recorded; made from the dump when there is none.
Result<std::string> ready_copy(const PgServer& server, PgConnection& admin, const PgTools& tools, const Snapshot& snapshot,
                               const std::string& mark) {
    for (const auto& copy : {snapshot.restored, pg_beside(server.database(), PgWord::restored, mark)})
        if (TRY(copy_holds(server, admin, tools, copy, snapshot))) return copy;
    return copy_from_dump(server, admin, tools, TRY(server.locate(admin)), snapshot, mark);
}

// New statistics, or the first queries after the swap would be planned blindly. Best effort: nothing is wrong without them.
void analyze(const PgServer& server) {
    auto connection = server.open(server.database());
    if (connection) (void)connection->run("ANALYZE").has_value();
}
}  // namespace

Result<> pg_restore_snapshot(const PgServer& server, const Snapshot& snapshot, const std::string& mark) {
    auto admin = TRY(server.claim());
    const std::string& ordinary = server.database();
    const std::string failed = pg_beside(ordinary, PgWord::failed, mark);
    if (TRY(pg_exists(admin, failed))) {
        if (TRY(pg_exists(admin, ordinary))) return {};  // swapped already: both names change in one transaction
        return fail(Code::needs_operator, "database '" + ordinary + "' is gone although '" + failed + "' exists",
                    "rename the one that is to serve");
    }
    const auto live = TRY(server.locate(admin));
    const auto tools = TRY(server.tools(admin));
    const std::string copy = TRY(ready_copy(server, admin, tools, snapshot, mark));
    TRY_VOID(pg_rename(admin, server.opener(), {live.name, copy},
                       "ALTER DATABASE " + pg_name(live.name) + " RENAME TO " + pg_name(failed) + "; ALTER DATABASE " +
                           pg_name(copy) + " RENAME TO " + pg_name(ordinary))
                 .within("swapping '" + copy + "' in for '" + live.name + "'"));
    analyze(server);
    return {};
}

Result<> pg_lay_aside(const PgServer& server, const Snapshot& snapshot, const std::string& mark) {
    auto admin = TRY(server.claim());
    if (TRY(pg_exists(admin, pg_beside(server.database(), PgWord::failed, mark)))) return {};
    const auto tools = TRY(server.tools(admin));
    const std::string copy = TRY(ready_copy(server, admin, tools, snapshot, mark));
    // Closed to everybody, it isn't taken for what an unfinished call left.
    return admin.run("ALTER DATABASE " + pg_name(copy) + " ALLOW_CONNECTIONS false");
}

Result<> pg_verify_snapshot(const PgServer& server, const Snapshot& snapshot, const std::string& mark) {
    DumpFile dump = TRY(open_recorded(snapshot.path, snapshot.bytes, snapshot.sha256));
    auto admin = TRY(server.claim());
    const auto live = TRY(server.locate(admin));
    const auto tools = TRY(server.tools(admin));
    const std::string copy = pg_beside(server.database(), PgWord::proof, mark);
    TRY_VOID(pg_create_like(admin, live.name, copy));
    auto held = fill_and_compare(server, admin, tools, copy, dump, snapshot);
    auto dropped = pg_drop(admin, copy);
    TRY_VOID(std::move(held));
    return dropped;
}

Result<> pg_forget_copy(const PgServer& server, const Snapshot& snapshot) {
    if (!snapshot.restored.empty() && !snapshot.restored.starts_with(pg_beside_prefix(server.database(), PgWord::proof)))
        return fail(Code::refused, "'" + snapshot.restored + "' is not a copy that a snapshot of '" + server.database() +
                                       "' kept: it is not dropped");
    auto admin = TRY(server.claim());
    if (!snapshot.restored.empty()) TRY_VOID(pg_drop(admin, snapshot.restored));
    return pg_sweep(admin, server.database());
}

Result<> pg_discard_copy(const PgServer& server, const std::string& mark) {
    auto admin = TRY(server.claim());
    for (const auto word : {PgWord::proof, PgWord::restored}) TRY_VOID(pg_drop(admin, pg_beside(server.database(), word, mark)));
    return pg_sweep(admin, server.database());
}

Result<std::optional<ReplacedDatabase>> pg_replaced(const PgServer& server, const std::string& mark) {
    auto admin = TRY(server.admin());
    const std::string name = pg_beside(server.database(), PgWord::failed, mark);
    if (!TRY(pg_exists(admin, name))) return std::optional<ReplacedDatabase>();
    const auto bytes = TRY(admin.value("SELECT pg_database_size($1::name)", {name}));
    return std::optional(ReplacedDatabase{name, std::strtoull(bytes.c_str(), nullptr, 10)});
}

Result<> pg_drop_replaced(const PgServer& server, const std::string& mark) {
    auto admin = TRY(server.claim());
    return pg_drop(admin, pg_beside(server.database(), PgWord::failed, mark));
}

}  // namespace uprev
