// SPDX-License-Identifier: Apache-2.0
// uprev history: every operation and generation, newest first.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "base/units.hpp"
#include "commands/rows.hpp"
#include "operations/report.hpp"
#include "operations/session.hpp"

namespace uprev::commands {

namespace {
Json row_of(const Operation& o) {
    const auto report = o.report.is_object() ? o.report : Json::object();
    return {{"operation", o.id},
            {"kind", o.kind},
            {"from", o.from},
            {"to", o.to},
            {"result", o.result == OperationResult::none ? "running" : word(o.result)},
            {"started", os::iso8601(o.created_ms)},
            {"took_ms", o.ended_ms > 0 ? o.ended_ms - o.created_ms : 0},
            {"by", o.started_by},
            {"reason", o.request.is_object() ? o.request.value("reason", "") : ""},
            {"downtime", report.contains("downtime") ? report["downtime"] : Json()},
            {"error", report.contains("error") ? report["error"] : Json()}};
}

Result<Reply> run(const Globals& globals, std::size_t limit, const std::string& operation) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto session = TRY(Session::open(place, Session::Mode::read));
    auto* journal = TRY(session->journal());
    if (!operation.empty()) {
        const auto o = TRY(journal->operation(operation));
        return Reply{o.report.is_null() ? row_of(o) : o.report, o.report.is_null() ? "still running\n" : report_text(o.report),
                     0};
    }
    Json operations = Json::array();
    std::string text;
    for (const auto& o : TRY(journal->operations(limit))) {
        const auto row = row_of(o);
        operations.push_back(row);
        const auto downtime =
            row["downtime"].is_object() && row["downtime"]["total_ms"].is_number()
                ? ", downtime " + human_duration(std::chrono::milliseconds(row["downtime"].value("total_ms", 0)))
                : std::string();
        text += fmt::format("{}  {:<8} {:>9} -> {:<9} {:<14} {}{}  {}\n", row["started"].get<std::string>(), o.kind, o.from, o.to,
                            row["result"].get<std::string>(),
                            human_duration(std::chrono::milliseconds(row["took_ms"].get<std::int64_t>())), downtime, o.id);
    }
    Json generations = Json::array();
    text += "\ngenerations\n";
    for (const auto& g : TRY(journal->generations())) {
        generations.push_back({{"generation", g.number},
                               {"version", g.version},
                               {"state", word(g.state)},
                               {"at", os::iso8601(g.at_ms)},
                               {"folder", g.folder},
                               {"operation", g.operation},
                               {"plugins", g.plugins}});
        text +=
            fmt::format("  {:>3}  {:<10} {:<10} {}  {}\n", g.number, g.version, word(g.state), os::iso8601(g.at_ms), g.folder);
    }
    return Reply{{{"operations", operations}, {"generations", generations}}, text, 0};
}
}  // namespace

CommandRow history() {
    return {"history", "every operation and generation, newest first",
            "  uprev history\n  uprev history OPERATION    shows that operation's report again", [](CLI::App& app) -> Action {
                auto limit = std::make_shared<std::size_t>(20);
                auto operation = std::make_shared<std::string>();
                app.add_option("operation", *operation, "an operation's id: its whole report")->type_name("OPERATION");
                app.add_option("--limit", *limit, "at most that many operations");
                return [limit, operation](const Globals& globals) { return run(globals, *limit, *operation); };
            }};
}

}  // namespace uprev::commands
