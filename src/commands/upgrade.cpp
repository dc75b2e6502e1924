// SPDX-License-Identifier: Apache-2.0
// uprev upgrade, rollback and resume: three requests to the same worker.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/units.hpp"
#include "commands/operate.hpp"
#include "commands/rows.hpp"

namespace uprev::commands {

namespace {
void wait_flag(CLI::App& app, OperationRequest& request) {
    app.add_option_function<std::string>(
           "--wait",
           [&request](const std::string& text) {
               const auto time = parse_duration(text);
               if (!time) throw CLI::ValidationError("--wait", time.error().message);
               request.wait = *time;
           },
           "wait that long for another operation to end (30s, 5m)")
        ->type_name("DURATION");
}
}  // namespace

CommandRow upgrade() {
    return {"upgrade", "move to the newest permitted release, or to the one named",
            "Checks the feed, fetches and verifies the release, plans, stages, backs up, migrates, switches, watches the gate, "
            "and goes back by itself\n"
            "when a step fails. Running it again after a crash first recovers what was begun.\n\n"
            "  uprev upgrade --to 1.4.2\n"
            "  uprev upgrade --to 2.0.0 --allow-breaking --reason \"rehearsed on staging\"",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<OperationRequest>();
                app.add_option("--to", r->to, "the version; without it the newest that is permitted")->type_name("VERSION");
                app.add_flag("--allow-breaking", r->allow_breaking, "consent to a major or breaking release (needs --reason)");
                app.add_option("--reason", r->reason, "why, for the history");
                app.add_flag("--allow-downgrade", r->allow_downgrade, "allow an older version than the installed one");
                app.add_flag("--accept-edits", r->accept_edits, "leave edits made by hand in the active release behind");
                app.add_option("--plan-hash", r->plan_hash, "refuse unless the plan still has this hash (from 'uprev plan')")
                    ->type_name("HASH");
                app.add_flag("--yes,-y")->description("accepted for scripts: uprev asks nothing");
                wait_flag(app, *r);
                return [r](const Globals& globals) -> Result<Reply> {
                    if (r->allow_breaking && r->reason.empty())
                        return fail(Code::invalid, "--allow-breaking needs --reason",
                                    "say why in a few words: it stands in the history");
                    return operate(globals, *r);
                };
            }};
}

CommandRow rollback() {
    return {"rollback", "go back to the last good release, at once",
            "Points back to an earlier good release and reloads its services. Migrations are not taken back: when some ran "
            "since, uprev says which,\n"
            "whether the older release reads this schema, and the command that restores the snapshot set instead.\n\n"
            "  uprev rollback\n"
            "  uprev rollback --to 1.4.0",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<OperationRequest>();
                r->kind = "rollback";
                app.add_option("--to", r->to, "version or generation number; without it the newest good one that isn't active")
                    ->type_name("VERSION");
                app.add_option("--reason", r->reason, "why, for the history");
                app.add_flag("--accept-edits", r->accept_edits,
                             "start the older release with the edits made by hand in its folder");
                app.add_flag("--yes,-y")->description("accepted for scripts: uprev asks nothing");
                wait_flag(app, *r);
                return [r](const Globals& globals) { return operate(globals, *r); };
            }};
}

CommandRow resume() {
    return {
        "resume", "finish or take back an operation that was cut off",
        "Recovers what a killed uprev or a power cut left behind; the boot unit runs it before the services start. With "
        "--accept it keeps the new\n"
        "release of an operation that needs a decision, with --keep-old the one before it: opens the databases to it, starts "
        "it, and holds its gate.\n"
        "Neither starts a release on a schema that it is known not to read. With --back an operation that stands half-way goes "
        "back instead of on.\n\n"
        "  uprev resume\n"
        "  uprev resume --back\n"
        "  uprev resume --accept",
        [](CLI::App& app) -> Action {
            auto r = std::make_shared<OperationRequest>();
            r->kind = "resume";
            auto accept = std::make_shared<bool>(false);
            auto keep_old = std::make_shared<bool>(false);
            auto* accepting = app.add_flag("--accept", *accept, "keep the new release and its schema");
            auto* keeping = app.add_flag("--keep-old", *keep_old, "keep the release that it came from, and the schema as it is");
            keeping->excludes(accepting);
            auto back = std::make_shared<bool>(false);
            app.add_flag("--back", *back, "of an operation that stands half-way: take it back rather than go on with it")
                ->excludes(accepting)
                ->excludes(keeping);
            app.add_flag("--boot")->description("as the boot unit runs it, before the services");
            wait_flag(app, *r);
            return [r, accept, keep_old, back](const Globals& globals) {
                if (*accept || *keep_old) r->kind = "accept";
                if (*keep_old) r->to = "old";
                if (*back) r->to = "back";
                return operate(globals, *r);
            };
        }};
}

}  // namespace uprev::commands
