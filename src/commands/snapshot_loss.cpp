// SPDX-License-Identifier: Apache-2.0
#include "commands/snapshot_loss.hpp"

#include <fmt/format.h>

#include "adapters/database/dump_file.hpp"
#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "operations/restore_loss.hpp"
#include "preflight/snapshot_json.hpp"

namespace uprev {

namespace {
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
    const auto databases = TRY(restore_loss(adapters.ports.databases, set));
    std::string text = fmt::format("snapshot set {}: {} as it was on {}, {} ago\n", set.id, set.version, os::iso8601(set.at_ms),
                                   human_duration(std::chrono::milliseconds(age)));
    for (const auto& row : databases) text += text_of(row);
    const auto next = "uprev snapshot restore " + set.id + " --yes";
    const std::string loss = loses_nothing(databases)
                                 ? "a restore goes back to " + set.version + " and, as things stand, loses no row"
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
