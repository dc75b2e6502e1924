// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_snapshot.hpp"

#include <future>

#include "adapters/database/dump_file.hpp"
#include "adapters/database/pg_census.hpp"
#include "adapters/database/pg_content.hpp"
#include "adapters/database/pg_copy.hpp"
#include "adapters/database/pg_names.hpp"
#include "adapters/database/pg_sweep.hpp"
#include "adapters/database/table_counts.hpp"
#include "os/clock.hpp"
#include "os/linux.hpp"

namespace uprev {

namespace {
using Sequences = std::map<std::string, std::string>;

struct Taken {
    Snapshot facts;
    Sequences before, after;  // sequences stand outside of transactions: one may move while the dump is made
};

// Everything that must be read in the same snapshot as the dump. Tables are counted while pg_dump works.
Result<Taken> take(const PgServer& server, const PgTools& tools, const PgLocated& live, DumpFile& dump) {
    auto source = TRY(server.open(live.name));
    const auto reach = server.reach(source);
    Taken taken;
    TRY_VOID(source.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    const auto exported = TRY(source.value("SELECT pg_export_snapshot()"));
    taken.facts.taken_ms = os::SystemClock().wall_ms();
    taken.before = TRY(pg_sequences(source));
    auto dumping = std::async(std::launch::async, [&] { return tools.dump(reach, live.name, exported, dump.descriptor()); });
    auto census = pg_census(source);
    auto schema = census ? tools.schema(reach, live.name, exported) : Result<std::string>(census.error());
    const auto dumped = dumping.get();
    // First, since a count that fails ends the transaction, and pg_dump then only complains that its snapshot is gone.
    auto counted = TRY(std::move(census));
    if (!dumped) return dumped.error();
    taken.facts.tables = std::move(counted.tables);
    taken.facts.write_mark = std::move(counted.mark);
    taken.facts.schema_digest = pg_schema_digest(TRY(std::move(schema)), tools.version());
    taken.facts.schema = TRY(server.schema_version(source));
    taken.after = TRY(pg_sequences(source));
    TRY_VOID(source.run("COMMIT"));
    return taken;
}

Result<> compare_sequences(const PgServer& server, const std::string& copy, const Taken& taken) {
    auto connection = TRY(server.open(copy));
    const auto found = TRY(pg_sequences(connection));
    for (const auto& [name, value] : taken.before) {
        const auto later = taken.after.find(name);
        if (later == taken.after.end() || later->second != value) continue;
        const auto it = found.find(name);
        if (it == found.end() || it->second != value)
            return fail(Code::corrupt, "sequence " + name + " stands at '" + (it == found.end() ? "" : it->second) +
                                           "' instead of '" + value + "'");
    }
    return {};
}

std::string proof_text(const Snapshot& snapshot) {
    std::uint64_t rows = 0;
    for (const auto& table : snapshot.tables) rows += table.rows;
    return "restored aside and compared: " + std::to_string(snapshot.tables.size()) + " tables, " + std::to_string(rows) +
           " rows, schema, sequences";
}

// Rights that are missing make a snapshot unverified; everything else that goes wrong means that the dump is no good.
bool cannot_be_proven(const Error& error) { return error.code == Code::permission; }

Result<> prove(const PgServer& server, PgConnection& admin, const PgTools& tools, const PgLocated& live, const std::string& copy,
               DumpFile& dump, const Taken& taken) {
    TRY_VOID(pg_create_like(admin, live.name, copy));
    TRY_VOID(pg_fill(tools, server.reach(admin), copy, dump).within("restoring the dump into '" + copy + "'"));
    TRY_VOID(pg_compare(server, tools, copy, taken.facts));
    return compare_sequences(server, copy, taken);
}

// The copy stays the size and content that was compared: nobody can connect to it until a restore needs it.
Result<> keep(PgConnection& admin, const PgLocated& live, const std::string& copy) {
    TRY_VOID(pg_adopt_settings(admin, live.name, copy));
    return admin.run("ALTER DATABASE " + pg_name(copy) + " ALLOW_CONNECTIONS false");
}

Result<Snapshot> snapshot_into(const PgServer& server, const os::Path& part, const std::string& mark, bool keep_copy) {
    auto admin = TRY(server.claim());
    const auto live = TRY(server.locate(admin));
    const auto tools = TRY(server.tools(admin));
    TRY_VOID(pg_sweep(admin, server.database()));
    DumpFile dump = TRY(DumpFile::create(part));
    auto taken = TRY(take(server, tools, live, dump));
    auto digesting = std::async(std::launch::async, [&]() -> Result<std::string> {
        TRY_VOID(dump.sync());
        return dump.digest();
    });
    const std::string copy = pg_beside(server.database(), PgWord::proof, mark);
    const auto proven = prove(server, admin, tools, live, copy, dump, taken);
    Snapshot& snapshot = taken.facts;
    snapshot.sha256 = TRY(digesting.get());
    snapshot.bytes = TRY(dump.size());
    snapshot.proven = proven.has_value();
    snapshot.proof = proven ? proof_text(snapshot) : "unverified: " + proven.error().text();
    if (proven && keep_copy) {
        TRY_VOID(keep(admin, live, copy));
        snapshot.restored = copy;
        return snapshot;
    }
    auto dropped = pg_drop(admin, copy);
    if (!proven && !cannot_be_proven(proven.error()))
        return Error(proven.error()).within("the snapshot of database '" + server.name() + "' could not be proven");
    TRY_VOID(std::move(dropped));
    return snapshot;
}
}  // namespace

Result<> pg_compare(const PgServer& server, const PgTools& tools, const std::string& copy, const Snapshot& snapshot) {
    auto connection = TRY(server.open(copy));
    const auto reach = server.reach(connection);
    auto dumping = std::async(std::launch::async, [&] { return tools.schema(reach, copy, ""); });
    const auto tables = pg_count_tables(connection);
    const auto schema = dumping.get();
    if (!tables) return tables.error();
    if (!schema) return schema.error();
    if (const auto differs = difference(snapshot.tables, *tables); !differs.empty())
        return fail(Code::corrupt, "the restored copy differs: " + differs);
    if (!same_schema(snapshot.schema_digest, pg_schema_digest(*schema, tools.version())))
        return fail(Code::corrupt, "the restored copy has another schema than the snapshot");
    return {};
}

os::Path pg_dump_path(const PgServer& server, const os::Path& folder, const std::string& mark) {
    return folder / (server.name() + "-" + mark + ".dump");
}

Result<Snapshot> pg_snapshot(const PgServer& server, const os::Path& folder, const std::string& mark, bool keep_copy) {
    const auto files = os::make_filesystem();
    const os::Path path = pg_dump_path(server, folder, mark);
    const os::Path part = path.string() + ".part";
    TRY_VOID(files->make_folders(folder, 0700));
    TRY_VOID(files->remove_tree(part));
    auto taken = snapshot_into(server, part, mark, keep_copy);
    if (!taken) {
        (void)files->remove_tree(part).has_value();  // the error that counts is the snapshot's
        return taken;
    }
    TRY_VOID(files->remove_tree(path));
    TRY_VOID(files->rename(part, path));
    taken->database = server.name();
    taken->path = path;
    return taken;
}

}  // namespace uprev
