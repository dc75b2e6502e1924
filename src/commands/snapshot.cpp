// SPDX-License-Identifier: Apache-2.0
// uprev snapshot: the sets there are, a new one, a second proof, and the way back to one.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "commands/exclusive.hpp"
#include "commands/operate.hpp"
#include "commands/rows.hpp"
#include "commands/snapshot_loss.hpp"
#include "operations/run.hpp"
#include "preflight/snapshot_json.hpp"
#include "preflight/snapshot_sets.hpp"

namespace uprev::commands {

namespace {
Json row_of(const os::FileSystem& fs, const SnapshotSet& set, std::int64_t now) {
    Json databases = Json::array();
    std::uint64_t bytes = 0;
    bool proven = !set.snapshots.empty();
    for (const auto& row : set.snapshots) {
        const auto s = snapshot_from_json(row);
        const auto file = fs.info(s.path);
        const bool there = file && file->type == os::FileType::regular;
        bytes += s.bytes;
        proven = proven && s.proven && there;
        databases.push_back({{"database", s.database},
                             {"file", s.path.string()},
                             {"present", there},
                             {"bytes", s.bytes},
                             {"sha256", s.sha256},
                             {"proven", s.proven},
                             {"proof", s.proof},
                             {"tables", row.value("tables", Json::object())}});
    }
    return {{"id", set.id},
            {"version", set.version},
            {"taken", os::iso8601(set.at_ms)},
            {"age_ms", now - set.at_ms},
            {"operation", set.operation},
            {"bytes", bytes},
            {"proven", proven},
            {"databases", databases}};
}

std::string text_of(const Json& row) {
    auto text =
        fmt::format("{}  {:<10} {}  {} ago  {:>10}  {}\n", row["id"].get<std::string>(), row["version"].get<std::string>(),
                    row["taken"].get<std::string>(), human_duration(std::chrono::milliseconds(row["age_ms"].get<std::int64_t>())),
                    human_size(row["bytes"].get<std::uint64_t>()), row["proven"].get<bool>() ? "proven" : "UNVERIFIED");
    for (const auto& d : row["databases"])
        text +=
            fmt::format("    {}: {}\n", d["database"].get<std::string>(),
                        d["present"].get<bool>() ? d["proof"].get<std::string>() : "MISSING: " + d["file"].get<std::string>());
    return text;
}

Result<Reply> list(const Globals& globals) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    Json rows = Json::array();
    std::string text;
    for (const auto& set : TRY(TRY(session->journal())->snapshot_sets())) {
        rows.push_back(row_of(session->fs(), set, session->clock().wall_ms()));
        text += text_of(rows.back());
    }
    return Reply{{{"snapshots", rows}}, text.empty() ? "no snapshot set was taken yet\n" : text, 0};
}

// All of them or none: a set that lacks a database is no way back.
Result<Json> take_all(const SiteFile& site, const Ports& ports, const os::Path& snapshots, const std::string& mark) {
    Json out = Json::array();
    for (const auto& [name, database] : ports.databases) {
        auto taken = database->snapshot(dump_folder(site, snapshots, name, mark), mark, false);
        if (taken) {
            out.push_back(to_json(*taken));
            continue;
        }
        for (const auto& [other, begun] : ports.databases) {  // the error that counts is the snapshot's
            const auto folder = dump_folder(site, snapshots, other, mark);
            (void)begun->discard(folder, mark).has_value();
            (void)ports.fs->remove_tree(folder).has_value();
        }
        return std::move(taken).within("taking a snapshot of '" + name + "'").error();
    }
    return out;
}

Result<Reply> create(const Globals& globals) {
    auto held = TRY(take_exclusive(globals, "snapshot create"));
    auto& session = *held.session;
    auto adapters = TRY(session.adapters({session.site().release}));
    if (adapters->ports.databases.empty())
        return fail(Code::refused, "the site file names no database", "add it under 'databases'");
    const auto operation = new_operation_id(session.clock().wall_ms(), "snapshot");
    const auto mark = mark_of(operation);
    const auto version = TRY(session.active(*adapters->layout)).version;
    TRY_VOID(session.fs().make_folders(session.state() / "snapshots", 0700));
    const SnapshotSet set{mark, operation, version, session.clock().wall_ms(),
                          TRY(take_all(session.site(), adapters->ports, session.state() / "snapshots", mark))};
    TRY_VOID(held.journal->add_snapshot_set(set));
    const auto row = row_of(session.fs(), set, session.clock().wall_ms());
    const bool proven = row["proven"].get<bool>();
    return Reply{row, text_of(row) + (proven ? "" : "next: see why it is unverified; until then don't count on it\n"),
                 proven ? 0 : exit_code(Code::failed)};
}

Result<SnapshotSet> find_set(Journal& journal, const std::string& id) {
    auto sets = TRY(journal.snapshot_sets());
    std::string known;
    for (auto& set : sets) {
        if (id.empty() || set.id == id) return std::move(set);
        known += (known.empty() ? "" : ", ") + set.id;
    }
    return fail(Code::not_found, id.empty() ? "no snapshot set was taken yet" : "there is no snapshot set '" + id + "'",
                known.empty() ? "take one with 'uprev snapshot create'" : "known: " + known);
}

constexpr std::string_view verified_again = "verified again on ";

std::string first_proof(const std::string& proof) {
    return proof.starts_with(verified_again) ? proof.substr(proof.find(": ") + 2) : proof;
}

// The verdict is recorded: what no longer holds is called unverified from now on.
Result<Reply> verify_set(const Globals& globals, const std::string& id) {
    auto held = TRY(take_exclusive(globals, "snapshot verify"));
    auto& session = *held.session;
    auto adapters = TRY(session.adapters({session.site().release}));
    auto set = TRY(find_set(*held.journal, id));
    int exit = 0;
    for (auto& row : set.snapshots) {
        auto snapshot = snapshot_from_json(row);
        const auto database = adapters->ports.databases.find(snapshot.database);
        if (database == adapters->ports.databases.end())
            return fail(Code::invalid, "the site has no database '" + snapshot.database + "'",
                        "the set was taken under another site file");
        const auto holds = database->second->verify(snapshot, set.id + "v");
        if (!holds && holds.error().code != Code::corrupt && holds.error().code != Code::not_found) return holds.error();
        const auto when = os::iso8601(session.clock().wall_ms());
        snapshot.proven = holds.has_value();
        snapshot.proof = holds ? std::string(verified_again) + when + ": " + first_proof(snapshot.proof)
                               : "unverified since " + when + ": " + holds.error().text();
        if (!holds) exit = exit_code(Code::corrupt);
        row = to_json(snapshot);
    }
    TRY_VOID(held.journal->add_snapshot_set(set));
    const auto row = row_of(session.fs(), set, session.clock().wall_ms());
    return Reply{row, text_of(row), exit};
}

Result<Reply> restore(const Globals& globals, const std::string& id, bool yes) {
    {
        auto session = TRY(open_session(globals, Session::Mode::read));
        const auto set = TRY(find_set(*TRY(session->journal()), id));
        auto adapters = TRY(session->adapters({session->site().release}));
        if (!yes) return show_loss(*session, *adapters, set);
        TRY_VOID(dumps_are_whole(set));
    }
    OperationRequest request;
    request.kind = "restore";
    request.to = id;
    return operate(globals, request);
}
}  // namespace

CommandRow snapshot() {
    return {"snapshot", "backups of all databases, and the proof that they restore",
            "A set is proven when it was restored aside and compared with the original; anything else is called UNVERIFIED. A "
            "restore swaps the whole set in\n"
            "together with the release that it belongs to, and keeps what it replaces; without --yes it only shows what it would "
            "lose.\n\n"
            "  uprev snapshot list\n"
            "  uprev snapshot create\n"
            "  uprev snapshot restore 202611210355001f2a --yes",
            [](CLI::App& app) -> Action {
                app.require_subcommand(1);
                auto id = std::make_shared<std::string>();
                auto yes = std::make_shared<bool>(false);
                auto* listing = app.add_subcommand("list", "every set, newest first");
                auto* creating = app.add_subcommand("create", "take a set now and prove it");
                auto* verifying = app.add_subcommand("verify", "restore a set aside once more and compare");
                verifying->add_option("set", *id, "the set's id (default: the newest)")->type_name("SET");
                auto* restoring = app.add_subcommand("restore", "go back to a set and its release");
                restoring->add_option("set", *id, "the set's id")->required()->type_name("SET");
                restoring->add_flag("--yes,-y", *yes, "do it, whatever it loses");
                return [=](const Globals& globals) {
                    if (listing->parsed()) return list(globals);
                    if (creating->parsed()) return create(globals);
                    return verifying->parsed() ? verify_set(globals, *id) : restore(globals, *id, *yes);
                };
            }};
}

}  // namespace uprev::commands
