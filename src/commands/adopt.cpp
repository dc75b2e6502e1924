// SPDX-License-Identifier: Apache-2.0
// uprev adopt: takes a running installation in as generation 0, or a cloned one over to this machine.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "commands/rows.hpp"
#include "operations/run.hpp"
#include "os/identity.hpp"
#include "os/lock.hpp"
#include "os/worker.hpp"
#include "preflight/manifest.hpp"
#include "preflight/observe.hpp"
#include "preflight/plugins.hpp"

namespace uprev::commands {

namespace {
Result<Generation> describe(Session& session, const Layout& layout, const std::string& version) {
    const auto placed = TRY(layout.active());
    Generation g;
    g.number = 0;
    g.folder = placed.folder.string();
    g.version = version.empty() ? version_of_folder(session.fs(), placed) : version;
    if (g.version.empty())
        return fail(
            Code::invalid,
            "the version of " + g.folder + " can't be told: its name does not end in _vVERSION and it has no package.json",
            "say it: uprev adopt --version 1.4.0");
    g.version = TRY(Version::parse(g.version)).text();
    g.operation = "adopt";
    g.state = GenerationState::good;
    g.plugins = plugin_set(session.fs(), session.site(), placed.folder);
    g.details = {{"adopted", true}};
    return g;
}

// So that a rollback to it can tell whether the schema is still the one that it served on. What can't be asked today isn't recorded.
Json schemas_of(const Ports& ports) {
    Json out = Json::object();
    for (const auto& [name, database] : ports.databases)
        if (const auto facts = database->inspect(); facts && !facts->schema.empty()) out[name] = facts->schema;
    return out;
}

// A copy doesn't finish, or take back, what the machine that it was copied from had begun: a database may be that machine's.
Result<std::string> leave_to_the_original(Journal& journal) {
    const auto left = TRY(journal.unfinished());
    if (!left) return std::string();
    if (left->machine.empty() || left->machine == os::machine_id())
        return fail(Code::conflict, "the " + left->kind + " to " + left->to + " (" + left->id + ") was cut off",
                    "run 'uprev resume' first");
    const auto what = "the " + left->kind + " to " + left->to + " (" + left->id + ")";
    TRY_VOID(
        journal.finish(left->id, OperationResult::abandoned,
                       {{"operation", left->id},
                        {"kind", left->kind},
                        {"result", "abandoned"},
                        {"message", "left to the machine of which this is a copy; nothing was finished or taken back here"}}));
    return what +
           " is left to the machine that began it: what it left half-way in this copy (guarded services, a fenced database) is "
           "yours to put right; 'uprev gc --dry-run' shows the folders\n";
}

Result<Reply> run(const Globals& globals, const std::string& version) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto session = TRY(Session::open(place, Session::Mode::write));
    auto adapters = TRY(session->adapters({session->site().release}));
    const auto lock = TRY(os::Lock::acquire(session->state() / "lock",
                                            {os::own_pid(), "adopt", "", session->clock().wall_ms(), os::current_user().name},
                                            std::chrono::milliseconds(0)));
    Journal::Options options;  // without a machine id: taking over a clone is what adopt is for
    options.clock = &session->clock();
    auto journal = TRY(Journal::open(session->state() / "journal.db", std::move(options)));
    const auto bound = TRY(journal.bound_machine());
    const auto known = TRY(journal.generations());
    auto g = TRY(describe(*session, *adapters->layout, version));
    const auto left_alone = TRY(leave_to_the_original(journal));
    TRY_VOID(journal.bind_machine(os::machine_id()));
    g.details["schemas"] = schemas_of(adapters->ports);
    if (!known.empty()) {
        const bool moved = bound != os::machine_id();
        const auto text = (moved ? "taken over: this installation now belongs to this machine\n"
                                 : std::string("already looked after by uprev; nothing was changed\n")) +
                          left_alone;
        return Reply{
            {{"adopted", false}, {"taken_over", moved}, {"version", known.front().version}, {"folder", known.front().folder}},
            text,
            0};
    }
    // From now on an edit by hand is noticed, as it is in the releases that uprev places.
    TRY(write_manifest(session->fs(), g.folder, session->state() / "manifests"));
    TRY(journal.add_generation(g));
    return Reply{{{"adopted", true}, {"generation", 0}, {"version", g.version}, {"folder", g.folder}, {"plugins", g.plugins}},
                 fmt::format("adopted {} {} as generation 0\n  {}\nnext: uprev check\n", session->site().id, g.version, g.folder),
                 0};
}
}  // namespace

CommandRow adopt() {
    return {"adopt", "take a running installation in",
            "Records the release that the pointer leads to as generation 0, and binds the installation to this machine. On a "
            "cloned machine it takes the\n"
            "installation over. Touches nothing of the application.\n\n"
            "  uprev adopt\n"
            "  uprev adopt --version 1.4.0",
            [](CLI::App& app) -> Action {
                auto version = std::make_shared<std::string>();
                app.add_option("--version", *version, "the installed version, where it can't be read from the folder")
                    ->type_name("VERSION");
                return [version](const Globals& globals) { return run(globals, *version); };
            }};
}

}  // namespace uprev::commands
