// SPDX-License-Identifier: Apache-2.0
#include "commands/snapshot_loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/database/dump_file.hpp"
#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "preflight/snapshot_json.hpp"

namespace uprev {

namespace {
using Counts = std::map<std::string, std::uint64_t>;

Counts counts_of(const std::vector<TableCount>& tables) {
    Counts out;
    for (const auto& t : tables) out[t.table] = t.rows;
    return out;
}

// Only tables whose counts differ: a table of either side counts as empty where it is missing.
Json differences(const Counts& now, const Counts& then) {
    Json out = Json::array();
    auto all = now;
    all.insert(then.begin(), then.end());
    for (const auto& [table, any] : all) {
        const auto a = now.contains(table) ? now.at(table) : 0;
        const auto b = then.contains(table) ? then.at(table) : 0;
        if (a == b && now.contains(table) == then.contains(table)) continue;
        out.push_back({{"table", table},
                       {"now", a},
                       {"snapshot", b},
                       {"change", static_cast<std::int64_t>(b) - static_cast<std::int64_t>(a)},
                       {"exists_in_snapshot", then.contains(table)}});
    }
    return out;
}

std::string word_of(Written written) { return written == Written::no ? "no" : written == Written::yes ? "yes" : "unknown"; }

Result<Json> loss_of(Database& database, const Snapshot& snapshot) {
    const auto now = database.count();
    if (!now) return now.error();
    const auto written = database.written_since(snapshot.write_mark);
    return Json{{"database", snapshot.database},
                {"proven", snapshot.proven},
                {"written_since", word_of(written ? *written : Written::unknown)},
                {"tables", differences(counts_of(*now), counts_of(snapshot.tables))}};
}

std::string text_of(const Json& row) {
    std::string text =
        fmt::format("\n{} ({}):\n", row["database"].get<std::string>(), row["proven"].get<bool>() ? "proven" : "UNVERIFIED");
    if (row["written_since"] == "no") return text + "  nothing was written since: no row would be lost\n";
    for (const auto& t : row["tables"])
        text += fmt::format("  {:<40} {:>10} rows now, {:>10} in the snapshot ({:+}){}\n", t["table"].get<std::string>(),
                            t["now"].get<std::uint64_t>(), t["snapshot"].get<std::uint64_t>(), t["change"].get<std::int64_t>(),
                            t["exists_in_snapshot"].get<bool>() ? "" : "; the table would be gone");
    if (row["tables"].empty()) text += "  every table has as many rows as then\n";
    return text + "  rows that were changed since would be lost too; counts can't show them\n";
}
}  // namespace

Result<Reply> show_loss(Session& session, const Adapters& adapters, const SnapshotSet& set) {
    const auto age = session.clock().wall_ms() - set.at_ms;
    Json databases = Json::array();
    std::string text = fmt::format("snapshot set {}: {} as it was on {}, {} ago\n", set.id, set.version, os::iso8601(set.at_ms),
                                   human_duration(std::chrono::milliseconds(age)));
    for (const auto& row : set.snapshots) {
        const auto snapshot = snapshot_from_json(row);
        const auto found = adapters.ports.databases.find(snapshot.database);
        if (found == adapters.ports.databases.end())
            return fail(Code::invalid, "the site has no database '" + snapshot.database + "'",
                        "the set was taken under another site file");
        databases.push_back(TRY(loss_of(*found->second, snapshot)));
        text += text_of(databases.back());
    }
    const auto next = "uprev snapshot restore " + set.id + " --yes";
    const bool unwritten =
        std::all_of(databases.begin(), databases.end(), [](const auto& d) { return d["written_since"] == "no"; });
    const std::string loss = unwritten ? "a restore goes back to " + set.version + " and, as things stand, loses no row"
                                       : "a restore goes back to " + set.version + " and loses every row written since";
    text += "\n" + loss + "; the databases of today are kept under another name\nnothing was changed\nnext: " + next + "\n";
    const Json error = {{"code", code_name(Code::refused)}, {"message", loss}, {"hint", next}};
    return Reply{{{"set", set.id},
                  {"version", set.version},
                  {"taken", os::iso8601(set.at_ms)},
                  {"age_ms", age},
                  {"databases", databases},
                  {"error", error}},
                 text,
                 exit_code(Code::refused)};
}

Result<> dumps_are_whole(const SnapshotSet& set) {
    for (const auto& row : set.snapshots) {
        const auto s = snapshot_from_json(row);
        TRY(open_recorded(s.path, s.bytes, s.sha256).within("the snapshot of '" + s.database + "'"));
    }
    return {};
}

}  // namespace uprev
