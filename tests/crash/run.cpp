// SPDX-License-Identifier: Apache-2.0
#include "crash/run.hpp"

#include <unistd.h>

#include <filesystem>

#include "adapters/layout/beside.hpp"
#include "crash/oracle.hpp"
#include "crash/parts.hpp"
#include "engine/run.hpp"
#include "plan/make_plan.hpp"
#include "steps/steps.hpp"

namespace uprev::sim {

namespace {
constexpr const char* old_folder = "/srv/shop/releases/20260101000000_v1.0.0";
constexpr const char* new_folder = "/srv/shop/releases/20260201000000_v2.0.0";
constexpr const char* mark = "20260201000000abcd";
constexpr const char* later_mark = "20260301000000abcd";

SiteFile site_of() {
    SiteFile site;
    site.id = "shop";
    site.root = root;
    site.trust.require = {};
    site.databases.resize(1);
    site.databases[0].name = "shop";
    site.databases[0].kind = "sqlite";
    site.env_file = "/nonexistent/uprev-simulated.env";
    site.parallel = 1;
    return site;
}

ReleaseFile release_of(const std::string& version, const Behaviour& b, bool declared) {
    ReleaseFile r;
    r.version = version;
    r.schema = b.schema;
    r.reads_schema.assign(b.reads.begin(), b.reads.end());
    r.dependencies.emplace();
    r.builds.resize(1);
    r.builds[0].name = "app";
    r.builds[0].command.argv = {"build"};
    r.services.resize(1);
    r.services[0].name = "web";
    r.services[0].health.resize(1);
    r.services[0].health[0].name = "web";
    r.services[0].version_json = "/version";
    if (!b.migrates_to.empty()) {
        r.migrations.resize(1);
        r.migrations[0].name = "schema";
        r.migrations[0].command.argv = {"migrate"};
        r.migrations[0].declared_compatible = declared;
    }
    return r;
}

void lay_out(World& w, const Scenario& s) {
    w.releases["1.0.0"] = {"1", s.old_reads, "", false, true, true};
    w.releases["2.0.0"] = s.next;
    for (const char* folder : {"/srv", root, "/srv/shop/releases", old_folder}) w.live[folder] = {os::FileType::folder, ""};
    w.live[std::string(old_folder) + "/VERSION"] = {os::FileType::regular, "1.0.0"};
    w.live[std::string(old_folder) + "/built"] = {os::FileType::regular, "yes"};
    w.live["/srv/shop/current"] = {os::FileType::symlink, "releases/20260101000000_v1.0.0"};
    w.disk = w.live;
    w.client = s.client;
    w.start("web", old_folder);
}

// Everything uprev is made of, over one world; made anew for each life of the process.
struct Life {
    World& w;
    SiteFile site = site_of();
    SimClock clock;
    std::unique_ptr<os::FileSystem> files;
    std::unique_ptr<os::Processes> processes;
    std::unique_ptr<Unpacker> unpacker;
    std::unique_ptr<Database> database;
    std::unique_ptr<Services> services;
    std::unique_ptr<Probe> probe;
    std::unique_ptr<Layout> layout;
    Ports ports;

    explicit Life(World& world)
        : w(world),
          clock(world),
          files(make_files(world)),
          processes(make_processes(world)),
          unpacker(make_unpacker(world, "2.0.0")),
          database(make_database(world)),
          services(make_services(world)),
          probe(make_probe(world)),
          layout(make_beside_layout(site, *files)) {
        ports.fs = files.get();
        ports.processes = processes.get();
        ports.clock = &clock;
        ports.unpacker = unpacker.get();
        ports.layout = layout.get();
        ports.databases["shop"] = database.get();
        ports.services = services.get();
        ports.probe = probe.get();
        ports.manifests = "/state/manifests";
    }

    Result<Journal> journal(const std::string& file) {
        Journal::Options options;
        options.clock = &clock;
        options.gate = [this](std::string_view what, bool before) { return w.commit("journal: " + std::string(what), before); };
        return Journal::open(file, options);
    }
};

struct Input {
    ReleaseFile old_release;
    ReleaseFile release;
    Facts facts;
};

Pinned pin(const Life& life, const Input& in, const std::string& own_mark) {
    Pinned p;
    p.site = life.site;
    p.release = in.release;
    p.old_release = in.old_release;
    p.mark = own_mark;
    p.old_folder = in.facts.active_folder;
    p.folder = in.facts.active_folder == old_folder ? new_folder : old_folder;
    p.staging = "/srv/shop/releases/.staging." + own_mark;
    p.artifact = "/dev/null";
    p.work = "/state/ops/" + own_mark;
    p.snapshots = "/state/snapshots";
    p.target.version = in.release.version;
    p.target.artifact_name = "shop-" + in.release.version + ".tar.xz";
    return p;
}

Result<> freeze(Journal& journal, const std::string& kind, const Plan& plan, const Pinned& pinned) {
    Operation o;
    o.id = pinned.mark + "-" + kind;
    o.kind = kind;
    TRY_VOID(journal.create(o));
    return journal.freeze(o.id, to_json(plan), to_json(pinned), plan.from, plan.to);
}

Result<Input> look(Life& life, ReleaseFile from, ReleaseFile to, const std::string& active) {
    Input in{std::move(from), std::move(to), {}};
    in.facts.active_version = in.old_release.version;
    in.facts.active_folder = active;
    in.facts.databases["shop"] = TRY(life.database->inspect());
    in.facts.capabilities = TRY(life.services->capabilities());
    return in;
}

Result<> begin(Life& life, Journal& journal, const Scenario& s) {
    Generation adopted;
    adopted.version = "1.0.0";
    adopted.folder = old_folder;
    adopted.operation = "adopt";
    adopted.state = GenerationState::good;
    TRY(journal.add_generation(adopted));
    const auto in = TRY(look(life, release_of("1.0.0", life.w.releases["1.0.0"], false),
                             release_of("2.0.0", s.next, s.declared_compatible), old_folder));
    const auto pinned = pin(life, in, mark);
    return freeze(journal, "upgrade", plan_upgrade({&life.site, &in.release, &in.old_release, &in.facts, pinned.target, false}),
                  pinned);
}

// The way back, once the upgrade has succeeded.
Result<> begin_back(Life& life, Journal& journal, const Scenario& s) {
    const auto in = TRY(look(life, release_of("2.0.0", s.next, s.declared_compatible),
                             release_of("1.0.0", life.w.releases["1.0.0"], false), new_folder));
    const auto pinned = pin(life, in, later_mark);
    const PlanInput input{&life.site, &in.release, &in.old_release, &in.facts, pinned.target, true};
    if (s.kind == Kind::rollback) return freeze(journal, "rollback", plan_rollback(input), pinned);
    const auto sets = TRY(journal.snapshot_sets());
    if (sets.empty()) return fail(Code::not_found, "the upgrade left no snapshot set");
    return freeze(journal, "restore", plan_restore(input, sets.front().snapshots), pinned);
}

// One life of the process: runs what is unfinished, to its end or to its death.
Result<> carry_on(Life& life, Journal& journal, bool go_back = false) {
    auto left = TRY(journal.unfinished());
    if (!left) return {};
    if (left->plan.is_null()) return journal.finish(left->id, OperationResult::abandoned, {});
    EngineHooks hooks;
    hooks.go_back = go_back;
    const auto outcome = TRY(Engine(step_table(), journal, life.ports).run(*left, hooks));
    return journal.finish(left->id, outcome.result, {{"why", outcome.error.text()}});
}

void recover(World& w, const std::string& file, bool go_back = false) {
    Life life(w);
    auto journal = life.journal(file);
    if (journal) (void)carry_on(life, *journal, go_back).has_value();
}

// An upgrade that succeeds, with rows from before it and none that a restore would take away.
void upgrade_first(World& w, const Scenario& s, const std::string& file) {
    const bool client = w.client;
    w.client = client && s.kind != Kind::restore;
    for (int row = 0; row < 3; ++row) w.client_writes();
    Life life(w);
    auto journal = life.journal(file);
    if (journal && begin(life, *journal, s)) (void)carry_on(life, *journal).has_value();
    w.client = client;
}

// What the journal says the operation came to; empty when not even its first commit was made.
std::string recorded_result(World& w, const std::string& file) {
    Life life(w);
    const auto journal = life.journal(file);
    if (!journal) return {};
    const auto operations = journal->operations(1);
    return operations && !operations->empty() ? std::string(word(operations->front().result)) : std::string();
}

bool still_unfinished(World& w, const std::string& file) {
    Life life(w);
    const auto journal = life.journal(file);
    const auto left = journal ? journal->unfinished() : Result<std::optional<Operation>>(std::optional<Operation>());
    return !left || left->has_value();
}

std::string journal_file() {
    static int number = 0;
    const std::filesystem::path folder = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    return (folder / ("uprev-crash-" + std::to_string(getpid()) + "-" + std::to_string(number++) + ".db")).string();
}

void drop(const std::string& file) {
    for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(file + tail);
}
}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all{
        {"patch", {"1", {"1"}, "", false, true, true}, {"1"}, false, true, "succeeded", Kind::upgrade},
        {"unhealthy patch", {"1", {"1"}, "", false, true, false}, {"1"}, false, true, "undone", Kind::upgrade},
        {"throws at boot", {"1", {"1"}, "", false, false, true}, {"1"}, false, true, "undone", Kind::upgrade},
        {"compatible migration",
         {"2", {"2", "1", "half-2"}, "2", false, true, true},
         {"1", "half-2", "2"},
         true,
         true,
         "succeeded",
         Kind::upgrade},
        {"compatible migration, unhealthy",
         {"2", {"2", "1", "half-2"}, "2", false, true, false},
         {"1", "half-2", "2"},
         true,
         true,
         "undone",
         Kind::upgrade},
        {"incompatible migration", {"2", {"2"}, "2", false, true, true}, {"1"}, false, true, "succeeded", Kind::upgrade},
        {"incompatible migration, nobody writes",
         {"2", {"2"}, "2", false, true, true},
         {"1"},
         false,
         false,
         "succeeded",
         Kind::upgrade},
        {"incompatible migration fails half-way",
         {"2", {"2"}, "2", true, true, true},
         {"1"},
         false,
         true,
         "undone",
         Kind::upgrade},
        {"incompatible migration, unhealthy, nobody writes",
         {"2", {"2"}, "2", false, true, false},
         {"1"},
         false,
         false,
         "undone",
         Kind::upgrade},
        {"incompatible migration, unhealthy, users write",
         {"2", {"2"}, "2", false, true, false},
         {"1"},
         false,
         true,
         "needs_operator",
         Kind::upgrade},
        {"incompatible migration, throws at boot",
         {"2", {"2"}, "2", false, false, true},
         {"1"},
         false,
         true,
         "undone",
         Kind::upgrade},
        {"rollback of a patch", {"1", {"1"}, "", false, true, true}, {"1"}, false, true, "succeeded", Kind::rollback},
        {"rollback, the schema stays",
         {"2", {"2", "1", "half-2"}, "2", false, true, true},
         {"1", "half-2", "2"},
         true,
         true,
         "succeeded",
         Kind::rollback},
        {"restore of the set before an incompatible migration",
         {"2", {"2"}, "2", false, true, true},
         {"1"},
         false,
         true,
         "succeeded",
         Kind::restore},
    };
    return all;
}

Verdict run(const Scenario& scenario, Kill first, Kill second, bool go_back) {
    Verdict out;
    const bool upgrades = scenario.kind == Kind::upgrade;
    World w(upgrades ? first : Kill{});
    lay_out(w, scenario);
    const auto file = journal_file();
    if (!upgrades) {
        upgrade_first(w, scenario, file);
        w.client = w.client && scenario.kind != Kind::restore;
        w.revive(first);
    }
    {
        Life life(w);
        auto journal = life.journal(file);
        if (journal && (upgrades ? begin(life, *journal, scenario) : begin_back(life, *journal, scenario)))
            (void)carry_on(life, *journal).has_value();
    }
    out.labels = w.labels();
    out.point = first.at == 0 ? "" : first.at > out.labels.size() ? "?" : out.labels[first.at - 1];
    for (int life = 0; (w.killed() || w.out()) && life < 4; ++life) {
        w.revive(life == 0 ? second : Kill{});
        recover(w, file, go_back && life == 0);
        if (go_back && life == 0) recover(w, file);  // where there was no way back any more
        if (life == 0) out.recovery_changes = w.changes();
    }
    if (w.lost_power()) w.boot();
    out.result = recorded_result(w, file);
    if (still_unfinished(w, file)) out.wrong.push_back("the operation is still unfinished");
    const bool stopped = out.result == "needs_operator";
    if (out.result.empty() && first.at == 0) out.wrong.push_back("the operation came to no result");
    for (auto& line : violations(w, stopped, is_outage(first.cut) || is_outage(second.cut))) out.wrong.push_back(std::move(line));
    const bool client = std::exchange(w.client, false);
    const auto before = fingerprint(w);
    recover(w, file);
    if (fingerprint(w) != before) out.wrong.push_back("recovering again changed something");
    w.client = client;
    drop(file);
    return out;
}

}  // namespace uprev::sim
