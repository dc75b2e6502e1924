// SPDX-License-Identifier: Apache-2.0
// uprev plan: every step in order with its reason, what is disruptive, what each undo does, what it needs, and all findings.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "commands/rows.hpp"
#include "operations/prepare.hpp"
#include "operations/run.hpp"

namespace uprev::commands {

namespace {
// Downtime and duration of past upgrades with the same kind of writes.
Json estimate(Journal& journal, const Plan& plan) {
    std::vector<std::int64_t> downtimes;
    std::vector<std::int64_t> durations;
    const auto operations = journal.operations(50);
    if (!operations) return Json();
    const std::string writes = plan.writes == Writes::live ? "live" : "frozen";
    for (const auto& o : *operations) {
        if (o.kind != "upgrade" || !o.report.is_object() || o.report.value("writes", "") != writes ||
            o.report.value("result", "") != "succeeded")
            continue;
        if (o.report["downtime"].is_object() && o.report["downtime"]["total_ms"].is_number() &&
            !o.report["downtime"].contains("not_measured"))
            downtimes.push_back(o.report["downtime"].value("total_ms", std::int64_t{0}));
        durations.push_back(o.ended_ms - o.created_ms);
    }
    if (durations.empty()) return Json();
    return {{"from_upgrades", durations.size()},
            {"downtime_ms", downtimes.empty() ? 0 : *std::max_element(downtimes.begin(), downtimes.end())},
            {"took_ms", *std::max_element(durations.begin(), durations.end())}};
}

Json disks(const Facts& facts) {
    Json out = Json::array();
    for (const auto& disk : facts.disks) {
        Json needs = Json::array();
        std::uint64_t sum = 0;
        for (const auto& n : facts.needs)
            if (n.device == disk.device) {
                needs.push_back({{"what", n.what}, {"bytes", n.needed}});
                sum += n.needed;
            }
        out.push_back({{"path", disk.path}, {"free", disk.free}, {"needed", sum}, {"parts", needs}});
    }
    return out;
}

Json pending(const Prepared& p) {
    Json out = Json::array();
    for (const auto& step : p.plan.steps)
        if (step.kind == "migrate.run")
            out.push_back({{"name", step.args.value("name", "")}, {"declared_compatible", step.args.value("compatible", false)}});
    return out;
}

Json answer(const Prepared& p, const Json& estimate) {
    Json json = to_json(p.plan);
    Json findings = Json::array();
    for (const auto& f : p.findings) findings.push_back(to_json(f));
    json["findings"] = findings;
    json["blocked"] = blocks(p.findings);
    json["changelog"] = p.pinned.target.changelog;
    json["breaking"] = p.pinned.target.breaking;
    json["migration_guide"] = p.pinned.target.migration_guide;
    json["evidence"] = p.pinned.target.evidence;
    json["artifact"] = {{"name", p.pinned.target.artifact_name}, {"sha256", p.pinned.sha256}, {"bytes", p.pinned.target.size}};
    json["pending_migrations"] = pending(p);
    json["disks"] = disks(p.facts);
    json["then"] = p.stops;
    json["estimate"] = estimate;
    return json;
}

std::string steps_text(const Plan& plan) {
    std::string out;
    Phase phase = Phase::fetch;
    for (const auto& step : plan.steps) {
        if (step.phase != phase || out.empty()) out += fmt::format("\n{}\n", phase_name(step.phase));
        phase = step.phase;
        out += fmt::format("  {} {}\n      why:  {}\n", step.disruptive ? "!" : " ", step.title, step.reason);
        if (!step.undo.empty()) out += fmt::format("      undo: {}\n", step.undo);
        if (step.id == plan.point_of_no_return) out += fmt::format("  ---- point of no return: {}\n", plan.point_reason);
    }
    return out;
}

std::string text_of(const Prepared& p, const Json& json) {
    if (p.nothing_to_do) return p.nothing_reason + "\n";
    std::string out = fmt::format("plan: {} {} -> {}\n", p.plan.kind, p.plan.from, p.plan.to);
    for (const auto& line : p.pinned.target.evidence) out += "verified:  " + line + "\n";
    if (!p.plan.steps.empty())
        out += fmt::format("layout:    {}\nwrites:    {}: {}\n", p.plan.layout, p.plan.writes == Writes::live ? "live" : "frozen",
                           p.plan.writes_reason);
    if (!p.pinned.target.changelog.empty()) out += "changelog: " + p.pinned.target.changelog + "\n";
    if (p.pinned.target.breaking)
        out += "breaking:  yes" + (p.pinned.target.migration_guide.empty() ? "" : ", read " + p.pinned.target.migration_guide) +
               "\n";
    for (const auto& m : json["pending_migrations"])
        out += fmt::format("migration: {} ({})\n", m["name"].get<std::string>(),
                           m["declared_compatible"].get<bool>() ? "declared compatible" : "not declared compatible");
    for (const auto& d : json["disks"])
        out += fmt::format("disk:      {} needs {}, has {} free\n", d["path"].get<std::string>(),
                           human_size(d["needed"].get<std::uint64_t>()), human_size(d["free"].get<std::uint64_t>()));
    if (json["estimate"].is_object())
        out += fmt::format("estimate:  at most {} of downtime, {} in all (from {} earlier upgrades)\n",
                           human_duration(std::chrono::milliseconds(json["estimate"]["downtime_ms"].get<std::int64_t>())),
                           human_duration(std::chrono::milliseconds(json["estimate"]["took_ms"].get<std::int64_t>())),
                           json["estimate"]["from_upgrades"].get<std::size_t>());
    if (!p.plan.steps.empty()) out += steps_text(p.plan) + "\n  (! = users may notice)\n";
    for (const auto& f : p.findings) out += fmt::format("{}: {}\n    next: {}\n", severity_name(f.severity), f.message, f.hint);
    for (const auto& stop : p.stops) out += "then on to " + stop + "\n";
    if (!p.plan.hash.empty())
        out += fmt::format("\nhash: {}\nnext: uprev upgrade --to {} --plan-hash {}\n", p.plan.hash, p.plan.to, p.plan.hash);
    return out;
}

Result<Reply> run(const Globals& globals, const OperationRequest& request, bool fetch) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto session = TRY(Session::open(place, Session::Mode::read));
    const auto id = new_operation_id(session->clock().wall_ms(), "plan");
    PrepareHooks hooks;
    hooks.may_skip_artifact = !fetch;
    const auto prepared = TRY(prepare_upgrade(*session, request, mark_of(id), hooks));
    Json history;
    if (auto journal = session->journal()) history = estimate(**journal, prepared.plan);
    auto json = answer(prepared, history);
    if (prepared.nothing_to_do) json["nothing_to_do"] = true;
    const int exit = blocks(prepared.findings) ? exit_code(as_error(prepared.findings).code) : 0;
    auto text = text_of(prepared, json);
    return Reply{std::move(json), std::move(text), exit};
}
}  // namespace

CommandRow plan() {
    return {"plan", "show what an upgrade would do, and touch nothing",
            "Fetches and verifies the release into uprev's private store, then shows every step with its reason and its undo, "
            "what users may notice, the\n"
            "point of no return, disk needed and free, all findings at once, and the plan's hash. Where the vendor publishes the "
            "release file with a\n"
            "signature of its own beside the artifact, that is enough and the artifact stays where it is; --fetch brings and "
            "verifies it all the same.\n\n"
            "  uprev plan --to 1.4.2\n"
            "  uprev plan --to 1.4.2 --fetch\n"
            "  uprev upgrade --to 1.4.2 --plan-hash $(uprev plan --to 1.4.2 --json | jq -r .hash)",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<OperationRequest>();
                auto fetch = std::make_shared<bool>(false);
                app.add_flag("--fetch", *fetch, "fetch and verify the artifact even if its release file is published beside it");
                app.add_option("--to", r->to, "the version; without it the newest that is permitted")->type_name("VERSION");
                app.add_flag("--allow-breaking", r->allow_breaking, "plan with consent to a breaking release");
                app.add_option("--reason", r->reason, "why");
                app.add_flag("--allow-downgrade", r->allow_downgrade, "allow an older version than the installed one");
                app.add_flag("--accept-edits", r->accept_edits, "plan as if edits made by hand were accepted");
                return [r, fetch](const Globals& globals) { return run(globals, *r, *fetch); };
            }};
}

}  // namespace uprev::commands
