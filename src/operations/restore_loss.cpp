// SPDX-License-Identifier: Apache-2.0
#include "operations/restore_loss.hpp"

#include <fmt/format.h>

#include <algorithm>

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
}  // namespace

Result<Json> restore_loss(const std::map<std::string, Database*>& databases, const SnapshotSet& set) {
    Json out = Json::array();
    for (const auto& row : set.snapshots) {
        const auto snapshot = snapshot_from_json(row);
        const auto found = databases.find(snapshot.database);
        if (found == databases.end())
            return fail(Code::invalid, "the site has no database '" + snapshot.database + "'",
                        "the set was taken under another site file");
        out.push_back(TRY(loss_of(*found->second, snapshot)));
    }
    return out;
}

bool loses_nothing(const Json& loss) {
    return std::all_of(loss.begin(), loss.end(), [](const auto& d) { return d["written_since"] == "no"; });
}

std::string loss_in_short(const Json& loss) {
    if (loses_nothing(loss)) return "as things stand, it would lose no row";
    std::string tables;
    for (const auto& database : loss)
        for (const auto& t : database["tables"])
            tables += fmt::format("{}{} {} rows now, {} then", tables.empty() ? "" : "; ", t["table"].get<std::string>(),
                                  t["now"].get<std::uint64_t>(), t["snapshot"].get<std::uint64_t>());
    return "it would lose every row written since" + (tables.empty() ? std::string() : " (" + tables + ")");
}

}  // namespace uprev
