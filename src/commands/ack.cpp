// SPDX-License-Identifier: Apache-2.0
// uprev ack: an operator has read what an operation left to be read; a degraded generation becomes a good one.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "commands/exclusive.hpp"
#include "commands/rows.hpp"

namespace uprev::commands {

namespace {
Json lines(const Operation& o, const char* key) {
    return o.report.is_object() ? o.report.value(key, Json::array()) : Json::array();
}

bool has_something(const Operation& o) {
    if (o.result == OperationResult::degraded) return true;
    return o.result == OperationResult::succeeded && !lines(o, "notes").empty();
}

std::string key_of(const Operation& o) { return "ack:" + o.id; }

// The one named, else the newest that waits.
Result<std::optional<Operation>> chosen(Journal& journal, const std::string& id) {
    if (!id.empty()) return std::optional(TRY(journal.operation(id)));
    for (auto& o : TRY(journal.operations(200)))
        if (has_something(o) && !TRY(journal.setting(key_of(o)))) return std::optional(std::move(o));
    return std::optional<Operation>();
}

Result<> may_be_acknowledged(const Operation& o) {
    if (o.result == OperationResult::none)
        return fail(Code::conflict, "operation " + o.id + " has not ended", "see 'uprev status'");
    if (o.result == OperationResult::needs_operator)
        return fail(Code::refused, "operation " + o.id + " needs a decision, not an acknowledgement",
                    "'uprev status' lists the choices");
    if (!has_something(o))
        return fail(Code::refused, "operation " + o.id + " (" + std::string(word(o.result)) + ") has nothing to acknowledge",
                    "see 'uprev history " + o.id + "'");
    return {};
}

// Only the operation's own generation, and only while nothing worse is known of it.
Result<Json> promote(Journal& journal, const Operation& o) {
    for (const auto& g : TRY(journal.generations())) {
        if (g.operation != o.id || g.state != GenerationState::degraded) continue;
        TRY_VOID(journal.set_generation(g.number, GenerationState::good));
        return Json(g.number);
    }
    return Json();
}

Reply answer(const Operation& o, const std::string& by, const std::string& reason, bool before, const Json& promoted) {
    std::string text = fmt::format("{} {} -> {} ({})\n", o.kind, o.from, o.to, o.id);
    for (const auto& remark : lines(o, "remarks")) text += "remark: " + remark.get<std::string>() + "\n";
    for (const auto& note : lines(o, "notes")) text += "note:   " + note.get<std::string>() + "\n";
    text +=
        fmt::format("{} by {}{}\n", before ? "acknowledged already" : "acknowledged", by, reason.empty() ? "" : ": " + reason);
    if (!promoted.is_null()) text += fmt::format("generation {} is good now\n", promoted.get<std::int64_t>());
    return {{{"operation", o.id},
             {"acknowledged", true},
             {"before", before},
             {"by", by},
             {"reason", reason},
             {"remarks", lines(o, "remarks")},
             {"notes", lines(o, "notes")},
             {"generation", promoted}},
            text,
            0};
}

Result<Reply> run(const Globals& globals, const std::string& operation, const std::string& reason) {
    auto held = TRY(take_exclusive(globals, "ack"));
    const auto o = TRY(chosen(*held.journal, operation));
    if (!o) return Reply{{{"operation", nullptr}, {"acknowledged", false}}, "nothing waits to be acknowledged\n", 0};
    TRY_VOID(may_be_acknowledged(*o));
    if (const auto before = TRY(held.journal->setting(key_of(*o))))
        return answer(*o, before->by, before->value, true, TRY(promote(*held.journal, *o)));
    TRY_VOID(held.journal->set_setting(key_of(*o), reason, asked_by()));
    return answer(*o, asked_by(), reason, false, TRY(promote(*held.journal, *o)));
}
}  // namespace

CommandRow ack() {
    return {
        "ack", "say that you have read an operation's remarks and notes",
        "Lists what a degraded operation remarked and what the release's vendor noted, and records that you have seen it. A "
        "degraded generation becomes a\n"
        "good one: rollbacks may go to it, and unattended upgrades go on.\n\n"
        "  uprev ack\n"
        "  uprev ack 202611210355001f2a-upgrade --reason \"cleaned up by hand\"",
        [](CLI::App& app) -> Action {
            auto operation = std::make_shared<std::string>();
            auto reason = std::make_shared<std::string>();
            app.add_option("operation", *operation, "an operation's id (default: the newest that waits)")->type_name("OPERATION");
            app.add_option("--reason", *reason, "a word for the history");
            return [operation, reason](const Globals& globals) { return run(globals, *operation, *reason); };
        }};
}

}  // namespace uprev::commands
