// SPDX-License-Identifier: Apache-2.0
#include "plan/make_plan.hpp"

#include <algorithm>

#include "release/config.hpp"
#include "release/digest.hpp"
#include "release/version.hpp"

namespace uprev {

namespace {

struct WritesChoice {
    Writes writes = Writes::live;
    std::string reason;
    bool migrates = false;
    std::string point;  // reason for a point of no return at the first migration; empty: none
};

bool at_schema(const Facts& facts, const std::string& schema) {
    if (schema.empty() || facts.databases.empty()) return false;
    return std::all_of(facts.databases.begin(), facts.databases.end(),
                       [&](const auto& row) { return row.second.schema == schema; });
}

WritesChoice choose_writes(const PlanInput& in) {
    const auto& release = *in.release;
    if (release.migrations.empty()) return {Writes::live, "the release declares no migration", false, {}};
    if (at_schema(*in.facts, release.schema))
        return {Writes::live,
                "the database is at schema " + release.schema + " already, which is what " + in.target.version + " expects",
                false,
                {}};
    if (in.site->writes == "frozen") return {Writes::frozen, "the site file says writes: frozen", true, {}};
    const bool declared =
        std::all_of(release.migrations.begin(), release.migrations.end(), [](const auto& m) { return m.declared_compatible; });
    if (declared)
        return {
            Writes::live, "every migration is declared compatible: the old release can serve on each state in between", true, {}};
    if (in.site->writes == "live" && in.site->migrate.accept_point_of_no_return)
        return {Writes::live, "the site file says writes: live and accepts the point of no return", true,
                "a migration isn't declared compatible, and writers go on: from here on going back would lose their rows"};
    return {Writes::frozen, "a migration isn't declared compatible, so writers are kept out until the gate held", true, {}};
}

class Builder {
   public:
    explicit Builder(const PlanInput& in) : in_(in) {}

    PlannedStep& add(Phase phase, std::string kind, const std::string& name, std::string title, std::string reason,
                     std::string undo = {}) {
        PlannedStep step;
        step.id = name.empty() ? kind : kind + "." + name;
        for (int n = 2; plan_.find(step.id) != nullptr; ++n) step.id = kind + "." + name + "-" + std::to_string(n);
        step.kind = std::move(kind);
        step.phase = phase;
        step.title = std::move(title);
        step.reason = std::move(reason);
        step.undo = std::move(undo);
        plan_.steps.push_back(std::move(step));
        return plan_.steps.back();
    }

    void stage();
    void prepare();
    void builds(const std::string& after);
    void pending();
    void seal(Phase phase);
    void snapshot(Phase phase, bool rehearse);
    void quiesce();
    void migrate(const WritesChoice& choice);
    void activate(const WritesChoice& choice, bool frozen);
    void schema_check();
    void gate();
    void plugins();
    void resume(bool frozen);
    void finish();
    Plan take(const std::string& kind);
    Plan& plan() { return plan_; }

   private:
    [[nodiscard]] Json service_names(const ReleaseFile& release, std::string_view role = {}) const {
        Json names = Json::array();
        for (const auto& s : release.services)
            if (role.empty() || s.role == role) names.push_back(s.name);
        return names;
    }
    [[nodiscard]] Json names_only_in(const ReleaseFile& one, const ReleaseFile& other) const {
        Json names = Json::array();
        for (const auto& s : one.services)
            if (std::none_of(other.services.begin(), other.services.end(), [&](const auto& o) { return o.name == s.name; }))
                names.push_back(s.name);
        return names;
    }
    const PlanInput& in_;
    Plan plan_;
};

void Builder::stage() {
    auto& unpack = add(Phase::stage, "stage.unpack", "", "unpack " + in_.target.artifact_name,
                       "the release is placed aside, in a private folder", "drop the staging folder");
    unpack.args = {{"sha256", in_.target.sha256}};
    if (!in_.site->keep.empty()) {
        auto& link = add(Phase::stage, "stage.link", "", "link operator-owned paths in",
                         "listed under keep: they survive every upgrade", "drop the staging folder");
        link.args = {{"keep", in_.site->keep}};
    }
    add(Phase::stage, "stage.promote", "", "promote to " + in_.site->releases + "/",
        "a finished release gets its name by one rename", "remove the release folder");
}

void Builder::prepare() {
    const auto& release = *in_.release;
    if (!release.dependencies) {
        auto& all = add(Phase::prepare, "prepare.dependencies", "", "install dependencies in each folder that has a lock file",
                        "the release file lists none, so lock files decide", "removed with the release folder");
        all.args = {{"path", "*"}};
    } else {
        for (const auto& d : *release.dependencies) {
            auto& one = add(Phase::prepare, "prepare.dependencies", d.path.empty() ? "root" : d.path,
                            "install dependencies in " + (d.path.empty() ? std::string(".") : d.path) + " with " + d.with,
                            "the release file lists it under dependencies", "removed with the release folder");
            one.args = {{"path", d.path}, {"with", d.with}, {"command", d.command.argv}, {"shell", d.command.shell}};
            one.parallel = true;
        }
    }
    builds("");
}

void Builder::builds(const std::string& after) {
    for (const auto& build : in_.release->builds) {
        if (build.after != after) continue;
        auto& step = add(Phase::prepare, "prepare.build", build.name, "build " + build.name,
                         after.empty() ? "the release file lists it under builds"
                                       : "the release file says that it builds after the migrations",
                         "removed with the release folder");
        step.args = {
            {"name", build.name}, {"argv", build.command.argv}, {"shell", build.command.shell}, {"cwd", build.command.cwd}};
        step.parallel = true;
        if (!after.empty()) step.phase = Phase::migrate;
    }
}

void Builder::pending() {
    for (const auto& m : in_.release->migrations) {
        if (m.pending.empty()) continue;
        auto& step = add(Phase::prepare, "prepare.pending", m.name, "list what " + m.name + " would migrate",
                         "asked before anything is stopped; it is only shown");
        step.args = {{"name", m.name}, {"argv", m.pending.argv}, {"shell", m.pending.shell}};
    }
}

void Builder::seal(Phase phase) {
    add(phase, "prepare.seal", phase == Phase::prepare ? "" : "again", "write the release to disk and note its files",
        "a power cut must not leave half a release; files edited later by hand are named");
}

void Builder::snapshot(Phase phase, bool rehearse) {
    if (in_.site->databases.empty()) return;
    const char* kind = rehearse ? "snapshot.rehearse" : "snapshot.take";
    auto& step = add(
        phase, kind, "",
        rehearse ? "back up and prove the restore while users are served" : "take the snapshot set and prove that it restores",
        rehearse ? "backup time is downtime: what can be proven before the services stop is proven here"
                 : "the last thing before migrations; restored aside and compared",
        rehearse ? "drop the copy" : "restored if a migration fails and nobody else could write");
    Json names = Json::array();
    for (const auto& db : in_.site->databases) names.push_back(db.name);
    step.args = {{"databases", names}};
}

void Builder::quiesce() {
    if (!in_.site->maintenance.on.empty())
        add(Phase::quiesce, "maintenance.on", "", "maintenance mode on", "the site file has maintenance commands",
            "maintenance mode off")
            .disruptive = true;
    const std::string stays = in_.waits ? "stays: an operation waits for a decision" : "";
    if (in_.facts->capabilities.guard) {
        auto& guard = add(Phase::quiesce, "guard.on", "", "guard the services",
                          "a reboot must not start old code on a new schema", in_.waits ? stays : "take the guard away");
        if (in_.waits) guard.args = {{"stay", true}};
    }
    auto& stop = add(Phase::quiesce, "services.stop", "", "stop the services", "writes are frozen while the schema changes",
                     in_.waits ? stays : "start the old release's services");
    stop.disruptive = true;
    stop.args = {{"services", service_names(*in_.old_release)}};
    if (in_.waits) stop.args["stay"] = true;
    if (in_.site->databases.empty()) return;
    auto& fence = add(Phase::quiesce, "database.fence", "", "fence the databases",
                      "no other writer may come between snapshot and gate", in_.waits ? stays : "let writers in again");
    fence.disruptive = true;
    if (in_.waits) fence.args = {{"stay", true}};
}

void Builder::migrate(const WritesChoice& choice) {
    bool first = true;
    for (const auto& m : in_.release->migrations) {
        auto& step = add(Phase::migrate, "migrate.run", m.name, "migrate: " + m.name,
                         m.declared_compatible ? "declared compatible with the old release" : "not declared compatible",
                         "by the table of rollback: schema kept where the old release reads it, else the snapshot set");
        step.args = {{"name", m.name},       {"argv", m.command.argv}, {"shell", m.command.shell},
                     {"cwd", m.command.cwd}, {"database", m.database}, {"compatible", m.declared_compatible}};
        step.disruptive = choice.writes == Writes::frozen || !choice.point.empty();
        if (first && !choice.point.empty()) {
            plan_.point_of_no_return = step.id;
            plan_.point_reason = choice.point;
        }
        first = false;
    }
    schema_check();
}

void Builder::schema_check() {
    if (!in_.release->schema.empty() && !in_.site->databases.empty()) {
        auto& check = add(Phase::migrate, "schema.check", "", "check that the schema is " + in_.release->schema,
                          "code starts only on a schema that it reads; exit codes are no proof of it");
        check.args = {{"schema", in_.release->schema}};
    }
}

void Builder::activate(const WritesChoice& choice, bool frozen) {
    if (!frozen) {
        auto& standby = add(Phase::activate, "services.standby", "", "note which services run",
                            "going back reloads the old release's", "reload the services onto the old release");
        standby.args = {{"services", service_names(*in_.old_release)}};
        if (const auto gone = names_only_in(*in_.old_release, *in_.release); !gone.empty()) {
            auto& retire = add(Phase::activate, "services.retire", "", "stop the services that the release no longer has",
                               "they would go on from the old folder", "start them again");
            retire.args = {{"services", gone}};
            retire.disruptive = true;
        }
    }
    add(Phase::activate, "pointer.switch", "", "point " + in_.site->current + " to " + in_.target.version,
        "one rename: old or new, never between", "point it back")
        .disruptive = !frozen;
    if (frozen && !in_.site->databases.empty())
        add(Phase::activate, "database.open", "", "open the databases to the new release",
            "its services must reach them for the gate", "fence again, and see whether anything was written");
    const bool graceful = in_.facts->capabilities.graceful_reload;
    auto& run = frozen ? add(Phase::activate, "services.start", "", "start the services", "on the new release", "stop them")
                       : add(Phase::activate, "services.reload", "", graceful ? "reload the services" : "restart the services",
                             graceful ? "one worker after the other: no request is lost"
                                      : "no graceful reload: " + in_.facts->capabilities.why_not_graceful);
    run.args = {{"services", service_names(*in_.release)}};
    if (const auto added = names_only_in(*in_.release, *in_.old_release); !added.empty()) {
        run.args["added"] = added;
        if (!frozen) run.undo = "stop the services that only the new release has";
    }
    run.disruptive = frozen || !graceful;
    if (choice.migrates && !frozen && choice.point.empty()) plan_.point_of_no_return.clear();
}

void Builder::gate() {
    auto& hold =
        add(Phase::gate, "gate.hold", "", "hold the gate", "health with stability, the version actually served, no crash loop");
    hold.args = {{"services", service_names(*in_.release)}, {"version", in_.target.version}};
}

void Builder::plugins() {
    if (in_.site->plugins)
        add(Phase::gate, "gate.plugins", "", "check that no plugin is missing",
            "one that stayed behind is remarked: the release serves without it, until somebody has looked");
}

void Builder::resume(bool frozen) {
    if (!frozen) return;
    if (in_.facts->capabilities.guard)
        add(Phase::resume, "guard.off", "", "take the guard away", "the new release may start with the machine");
    if (!in_.site->maintenance.on.empty()) add(Phase::resume, "maintenance.off", "", "maintenance mode off", "the gate held");
}

void Builder::finish() {
    add(Phase::finish, "generation.record", "", "record the generation as good", "its gate held");
    if (plan_.find("snapshot.take") != nullptr && plan_.writes == Writes::frozen)
        add(Phase::finish, "snapshot.settle", "", "drop the proven copies", "they stood by for a fast restore; the dumps stay");
    auto& gc = add(Phase::finish, "retention.gc", "", "retention",
                   "keep " + std::to_string(in_.site->retention.releases) + " good releases besides the active one");
    gc.args = {{"releases", in_.site->retention.releases}, {"snapshots", in_.site->retention.snapshots}};
}

Plan Builder::take(const std::string& kind) {
    plan_.kind = kind;
    plan_.from = in_.facts->active_version;
    plan_.to = in_.target.version;
    plan_.layout = in_.site->layout;
    Json hashed = to_json(plan_);
    for (auto& step : hashed["steps"])
        for (const char* words : {"title", "reason", "undo"}) step.erase(words);
    Json databases = Json::object();
    for (const auto& [name, facts] : in_.facts->databases)
        databases[name] = {{"address", facts.address}, {"schema", facts.schema}};
    hashed["facts"] = {{"artifact", in_.target.sha256}, {"active", in_.facts->active_folder}, {"databases", databases}};
    hashed["configuration"] =
        sha256(to_json(*in_.site).dump() + to_json(*in_.release).dump() + to_json(*in_.old_release).dump()).hex;
    plan_.hash = sha256(hashed.dump()).hex;
    return std::move(plan_);
}

}  // namespace

bool reads_schema(const std::vector<std::string>& reads, const std::string& own, const std::string& schema) {
    if (schema.empty()) return false;
    if (schema == own) return true;
    return std::any_of(reads.begin(), reads.end(), [&](const auto& word) {
        if (word == schema) return true;
        const auto range = Range::parse(word);
        const auto version = Version::parse(schema);
        return range && version && range->matches(*version);
    });
}

bool migrates(const PlanInput& input) { return choose_writes(input).migrates; }

Plan plan_upgrade(const PlanInput& input) {
    Builder b(input);
    const auto choice = choose_writes(input);
    const bool frozen = choice.writes == Writes::frozen;
    b.plan().writes = choice.writes;
    b.plan().writes_reason = choice.reason;
    b.stage();
    b.prepare();
    b.seal(Phase::prepare);
    if (choice.migrates) b.pending();
    if (frozen) {
        b.snapshot(Phase::prepare, true);
        b.quiesce();
    }
    if (choice.migrates) {
        b.snapshot(Phase::snapshot, false);
        b.migrate(choice);
    }
    b.builds("migrate");
    const auto& builds = input.release->builds;
    const bool built_later =
        std::any_of(builds.begin(), builds.end(), [](const auto& build) { return build.after == "migrate"; });
    if (built_later) b.seal(Phase::migrate);  // what was built since would look edited by hand
    b.activate(choice, frozen);
    b.gate();
    b.plugins();
    b.resume(frozen);
    b.finish();
    if (frozen) {
        b.plan().point_of_no_return = "gate.hold";
        b.plan().point_reason = "once the gate held, users write to the new schema: uprev goes forward from there";
    }
    return b.take("upgrade");
}

Plan plan_rollback(const PlanInput& input) {
    Builder b(input);
    b.plan().writes_reason = "no migration runs";
    b.activate({}, false);
    b.gate();
    b.finish();
    return b.take("rollback");
}

Plan plan_restore(const PlanInput& input, const Json& snapshots) {
    Builder b(input);
    b.plan().writes = Writes::frozen;
    b.plan().writes_reason = "nothing may write while data is put back";
    auto& aside = b.add(Phase::prepare, "database.lay_aside", "", "restore the snapshot set aside",
                        "all of it is compared before anything is stopped", "drop the copies");
    aside.args = {{"snapshots", snapshots}};
    b.quiesce();
    auto& restore = b.add(Phase::snapshot, "database.restore", "", "swap the snapshot set in",
                          "asked for; each was restored aside and compared first", "");
    restore.args = {{"snapshots", snapshots}};
    restore.disruptive = true;
    b.schema_check();
    b.activate({}, true);
    b.gate();
    b.resume(true);
    b.finish();
    b.plan().point_of_no_return = "database.restore";
    b.plan().point_reason = "the data as it was before the restore is kept aside, but no longer served";
    return b.take("restore");
}

Plan plan_accept(const PlanInput& input) {
    Builder b(input);
    b.plan().writes_reason = "the operator accepts the new release and its schema";
    b.schema_check();
    auto& standby = b.add(Phase::activate, "services.standby", "", "note which services run",
                          "what is found now is what this operation starts from");
    standby.args = {{"services", Json::array()}};
    b.plan().point_of_no_return = standby.id;
    b.plan().point_reason = "the schema is the new release's: there is only forward";
    b.activate({}, true);
    for (auto& step : b.plan().steps)
        if (step.kind == "services.start") step.args["move"] = true;  // some may run, and from the other release
    b.gate();
    b.resume(true);
    b.finish();
    return b.take("accept");
}

}  // namespace uprev
