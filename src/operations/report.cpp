// SPDX-License-Identifier: Apache-2.0
#include "operations/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/units.hpp"
#include "plan/make_plan.hpp"
#include "preflight/plugins.hpp"

namespace uprev {

namespace {
Json step_rows(const ReportInput& in) {
    Json out = Json::array();
    if (in.plan == nullptr) return out;
    for (const auto& step : in.plan->steps) {
        const auto found = std::find_if(in.steps.begin(), in.steps.end(), [&](const auto& r) { return r.id == step.id; });
        const bool known = found != in.steps.end();
        Json row = {{"id", step.id},
                    {"title", step.title},
                    {"phase", phase_name(step.phase)},
                    {"status", known ? word(found->status) : "pending"},
                    {"took_ms", known && found->ended_ms > 0 ? found->ended_ms - found->started_ms : 0},
                    {"attempts", known ? found->attempts : 0}};
        if (known && !found->error.is_null()) row["error"] = found->error;
        out.push_back(std::move(row));
    }
    return out;
}

const StepRecord* record(const ReportInput& in, std::string_view id) {
    const auto found = std::find_if(in.steps.begin(), in.steps.end(), [&](const auto& r) { return r.id == id; });
    return found == in.steps.end() ? nullptr : &*found;
}

Json migrations(const ReportInput& in) {
    Json out = Json::array();
    if (in.plan == nullptr) return out;
    for (const auto& step : in.plan->steps)
        if (const auto* r = record(in, step.id); step.kind == "migrate.run" && r != nullptr)
            out.push_back({{"name", step.args.value("name", "")},
                           {"status", word(r->status)},
                           {"took_ms", r->ended_ms > 0 ? r->ended_ms - r->started_ms : 0}});
    return out;
}

Json pending(const ReportInput& in) {
    Json out = Json::array();
    for (const auto& r : in.steps)
        if (r.id.starts_with("prepare.pending") && r.outputs.is_object()) out.push_back(r.outputs);
    return out;
}

Json unpinned(const ReportInput& in) {
    Json out = Json::array();
    for (const auto& r : in.steps) {
        if (!r.id.starts_with("prepare.dependencies") || !r.outputs.is_array()) continue;
        for (const auto& row : r.outputs)
            for (const auto& name : row.value("unpinned", Json::array())) out.push_back(name);
    }
    return out;
}
}  // namespace

Json make_report(const ReportInput& in) {
    Json report = {{"operation", in.operation->id},
                   {"kind", in.operation->kind},
                   {"result", word(in.outcome.result)},
                   {"from", in.operation->from},
                   {"to", in.operation->to}};
    if (in.plan != nullptr) {
        report["from"] = in.plan->from;
        report["to"] = in.plan->to;
    }
    report["direction"] = in.outcome.result == OperationResult::undone || in.outcome.result == OperationResult::abandoned
                              ? "back"
                              : word(in.operation->direction);
    report["recovered"] = in.recovered;
    report["downtime"] = in.downtime;
    report["steps"] = step_rows(in);
    report["migrations"] = migrations(in);
    report["pending_migrations"] = pending(in);
    report["unpinned"] = unpinned(in);
    Json findings = Json::array();
    for (const auto& f : in.findings) findings.push_back(to_json(f));
    report["findings"] = findings;
    if (in.plan != nullptr) report["plan_hash"] = in.plan->hash;
    if (in.plan != nullptr) report["writes"] = in.plan->writes == Writes::live ? "live" : "frozen";
    if (in.pinned != nullptr) report["evidence"] = in.pinned->target.evidence;
    if (const auto* taken = record(in, "snapshot.take"); taken != nullptr && taken->outputs.is_object())
        report["snapshots"] = taken->outputs.value("snapshots", Json::array());
    report["notes"] = in.pinned == nullptr ? Json::array() : Json(in.pinned->release.notes);
    report["remarks"] = in.outcome.remarks;
    report["remaining"] = in.remaining;
    report["choices"] = in.choices;
    report["error"] = in.outcome.error.message.empty() ? Json() : error_json(in.outcome.error);
    if (!in.outcome.failed_step.empty()) report["failed_step"] = in.outcome.failed_step;
    return report;
}

namespace {
std::string headline(const Json& r) {
    const auto result = r.value("result", "");
    const auto kind = r.value("kind", "operation");
    const auto from = r.value("from", "");
    const auto way = from.empty() ? r.value("to", "") : from + " -> " + r.value("to", "");
    const auto active = from.empty() ? std::string("nothing was changed") : from + " is active";
    if (result == "succeeded") return fmt::format("{} {} succeeded", kind, way);
    if (result == "degraded") return fmt::format("{} {} done, with remarks: acknowledge with 'uprev ack'", kind, way);
    if (result == "undone") return fmt::format("{} {} failed and was put back: {}", kind, way, active);
    if (result == "abandoned") return fmt::format("{} {} given up before anything users see had changed: {}", kind, way, active);
    if (result == "refused") return fmt::format("{} {} refused; nothing was changed", kind, r.value("to", "").empty() ? "" : way);
    return fmt::format("{} {} needs an operator's decision", kind, way);
}

std::string downtime_line(const Json& d) {
    if (!d.is_object()) return "downtime:  none: nothing disruptive ran\n";
    const auto gap = d.contains("not_measured")
                         ? fmt::format("           not measured from {} until {}: uprev did not run\n",
                                       d["not_measured"].value("from", ""), d["not_measured"].value("until", ""))
                         : std::string();
    if (d.value("requests", 0) == 0) {
        const char* why = gap.empty() ? "not measured: no service has an http or tcp health address" : "not measured";
        return fmt::format("downtime:  {}\n{}", why, gap);
    }
    return fmt::format("downtime:  {} measured ({} of {} health requests failed)\n{}",
                       human_duration(std::chrono::milliseconds(d.value("total_ms", 0))), d.value("failed", 0),
                       d.value("requests", 0), gap);
}

std::string indent(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string("\n           ") : std::string(1, c);
    return out;
}

// Of notes, only what explains a refusal, and the facts that a rollback leaves behind.
std::string findings_text(const Json& r) {
    std::string out;
    for (const auto& f : r.value("findings", Json::array())) {
        const bool note = f.value("severity", "") == "note";
        const bool of_rollback = r.value("kind", "") == "rollback" && f.value("id", "") != "checks";
        if (note && r.value("result", "") != "refused" && !of_rollback) continue;
        out += fmt::format("{}: {}\n", f.value("severity", ""), indent(f.value("message", "")));
        if (!f.value("hint", "").empty()) out += fmt::format("           {}\n", indent(f.value("hint", "")));
    }
    return out;
}
}  // namespace

std::string report_text(const Json& r) {
    std::string out = headline(r) + "\n" + findings_text(r);
    const auto result = r.value("result", "");
    const bool shown = result == "refused" && !r.value("findings", Json::array()).empty();
    if (const auto& e = r.contains("error") ? r["error"] : Json(); e.is_object() && !shown) {
        out += fmt::format("why:       {}\n", indent(e.value("message", "")));
        if (!e.value("hint", "").empty()) out += fmt::format("next:      {}\n", indent(e.value("hint", "")));
    }
    if (result != "refused") out += downtime_line(r.contains("downtime") ? r["downtime"] : Json());
    for (const auto& p : r.value("pending_migrations", Json::array())) {
        const auto listed = p["pending"].is_string() ? p["pending"].get<std::string>() : std::string();
        if (!trim(listed).empty())
            out += fmt::format("pending:   {}: {}\n", p.value("name", ""), indent(std::string(trim(listed))));
    }
    for (const auto& m : r.value("migrations", Json::array()))
        out += fmt::format("migration: {} {} ({})\n", m.value("name", ""), m.value("status", ""),
                           human_duration(std::chrono::milliseconds(m.value("took_ms", 0))));
    for (const auto& s : r.value("snapshots", Json::array()))
        out += fmt::format("snapshot:  {} {}: {}\n", s.value("database", ""), s.value("proven", false) ? "proven" : "UNVERIFIED",
                           s.value("proof", ""));
    for (const auto& p : r.value("plugin_updates", Json::array()))
        out += fmt::format("plugin:    {} {}: update {} fits {}\n", p.value("name", ""), p.value("installed", ""),
                           p.value("update", ""), p.value("fits", ""));
    if (!r.value("unpinned", Json::array()).empty())
        out += fmt::format("unpinned:  {} packages have no hash in their lock file\n", r["unpinned"].size());
    for (const auto& remark : r.value("remarks", Json::array())) out += "remark:    " + remark.get<std::string>() + "\n";
    for (const auto& note : r.value("notes", Json::array())) out += "note:      " + note.get<std::string>() + "\n";
    for (const auto& choice : r.value("choices", Json::array()))
        out += fmt::format("choice:    {}\n           keeps {}; loses {}\n", choice.value("command", ""),
                           choice.value("keeps", ""), choice.value("loses", ""));
    for (const auto& next : r.value("remaining", Json::array())) out += "still to go: " + next.get<std::string>() + "\n";
    return out;
}

}  // namespace uprev
