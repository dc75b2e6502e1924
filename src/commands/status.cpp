// SPDX-License-Identifier: Apache-2.0
// uprev status: what is installed, what runs right now, and what waits for somebody. Reads the journal only; asks no server.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/exit_codes.hpp"
#include "commands/rows.hpp"
#include "operations/report.hpp"
#include "operations/restore.hpp"
#include "operations/session.hpp"
#include "os/lock.hpp"

namespace uprev::commands {

namespace {
Json running(Session& session, Journal& journal) {
    const auto left = journal.unfinished();
    if (!left || !*left) return Json();
    const auto& o = **left;
    Json out = {{"operation", o.id},          {"kind", o.kind},     {"to", o.to},    {"direction", word(o.direction)},
                {"started_ms", o.created_ms}, {"by", o.started_by}, {"alive", false}};
    if (const auto holder = os::Lock::holder(session.state() / "lock")) {
        out["alive"] = true;
        out["pid"] = holder->pid;
    }
    if (const auto steps = journal.steps(o.id))
        for (const auto& s : *steps) {
            if (s.status == StepStatus::doing || s.status == StepStatus::undoing) out["step"] = s.id;
            const bool in_the_way = s.status == StepStatus::undoing || s.status == StepStatus::failed;
            if (in_the_way && s.error.is_object()) out["why"] = s.error.value("message", "");
        }
    return out;
}

Json generation_row(const Generation& g) {
    return {{"generation", g.number}, {"version", g.version},       {"folder", g.folder},
            {"state", word(g.state)}, {"at", os::iso8601(g.at_ms)}, {"plugins", g.plugins}};
}

Result<Reply> run(const Globals& globals) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto session = TRY(Session::open(place, Session::Mode::read));
    auto* journal = TRY(session->journal());
    const auto active = TRY(journal->active_generation());
    const auto last = TRY(journal->operations(1));
    const auto automatic = TRY(journal->setting("auto"));
    Json json = {{"id", session->site().id},
                 {"active", active ? generation_row(*active) : Json()},
                 {"running", running(*session, *journal)}};
    json["last"] = last.empty() ? Json()
                                : Json({{"operation", last[0].id},
                                        {"kind", last[0].kind},
                                        {"from", last[0].from},
                                        {"to", last[0].to},
                                        {"result", word(last[0].result)},
                                        {"ended", os::iso8601(last[0].ended_ms)}});
    const auto waits = TRY(stopped_operation(*journal));
    json["needs_operator"] = waits ? waits->report : Json();
    json["auto"] = {{"allow", automatic ? automatic->value : session->site().automatic.allow},
                    {"set_by", automatic ? automatic->by : "site file"}};
    Json failed = Json::array();
    for (const auto& f : TRY(journal->failed_versions()))
        failed.push_back({{"version", f.version}, {"reason", f.reason}, {"at", os::iso8601(f.at_ms)}});
    json["failed_versions"] = failed;

    std::string text = fmt::format("{}\n", session->site().id);
    if (active)
        text += fmt::format("active:  {} (generation {}, {} since {})\n         {}\n", active->version, active->number,
                            word(active->state), os::iso8601(active->at_ms), active->folder);
    if (json["running"].is_object()) {
        const auto& r = json["running"];
        text += r["alive"].get<bool>() ? fmt::format("running: {} {} ({}), step {}, pid {}\n", r["kind"].get<std::string>(),
                                                     r["to"].get<std::string>(), r["operation"].get<std::string>(),
                                                     r.value("step", "-"), r.value("pid", 0))
                                       : fmt::format("cut off: {} {} ({}): run 'uprev resume'\n{}", r["kind"].get<std::string>(),
                                                     r["to"].get<std::string>(), r["operation"].get<std::string>(),
                                                     r.contains("why") ? "         " + r["why"].get<std::string>() + "\n" : "");
    } else if (!last.empty()) {
        text +=
            fmt::format("last:    {} {} {}, {}\n", last[0].kind, last[0].to, word(last[0].result), os::iso8601(last[0].ended_ms));
    }
    text += fmt::format("auto:    {} (set by {})\n", json["auto"]["allow"].get<std::string>(),
                        json["auto"]["set_by"].get<std::string>());
    for (const auto& f : failed)
        text += fmt::format("failed:  {}: {}\n", f["version"].get<std::string>(), f["reason"].get<std::string>());
    if (waits) text += "\n" + report_text(waits->report);
    const bool cut_off = json["running"].is_object() && !json["running"]["alive"].get<bool>();
    return Reply{std::move(json), std::move(text), waits ? 11 : cut_off ? exit_code(Code::interrupted) : 0};
}
}  // namespace

CommandRow status() {
    return {"status", "what is installed, what runs, what waits for you",
            "Reads uprev's own record only, so it answers at once and works while everything else is down.\n\n  uprev status\n  "
            "uprev status --json",
            [](CLI::App&) -> Action { return run; }};
}

}  // namespace uprev::commands
