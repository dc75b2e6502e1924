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
constexpr const char* operation = "20260201000000abcd-upgrade";

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
        : w(world), clock(world), files(make_files(world)), processes(make_processes(world)), unpacker(make_unpacker(world, "2.0.0")), database(make_database(world)),
          services(make_services(world)), probe(make_probe(world)), layout(make_beside_layout(site, *files)) {
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

Pinned pin(const Life& life, const Input& in) {
    Pinned p;
    p.site = life.site;
    p.release = in.release;
    p.old_release = in.old_release;
    p.mark = "20260201000000abcd";
    p.old_folder = old_folder;
    p.folder = new_folder;
    p.staging = "/srv/shop/releases/.staging.20260201000000abcd";
    p.artifact = "/dev/null";
    p.work = "/state/ops/1";
    p.snapshots = "/state/snapshots";
    p.target.version = "2.0.0";
    p.target.artifact_name = "shop-2.0.0.tar.xz";
    return p;
}

Result<> begin(Life& life, Journal& journal, const Scenario& s) {
    Input in{release_of("1.0.0", life.w.releases["1.0.0"], false), release_of("2.0.0", s.next, s.declared_compatible), {}};
    in.facts.active_version = "1.0.0";
    in.facts.active_folder = old_folder;
    in.facts.databases["shop"] = TRY(life.database->inspect());
    in.facts.capabilities = TRY(life.services->capabilities());
    const auto pinned = pin(life, in);
    const auto plan = plan_upgrade({&life.site, &in.release, &in.old_release, &in.facts, pinned.target, false});
    Operation o;
    o.id = operation;
    o.kind = "upgrade";
    TRY_VOID(journal.create(o));
    return journal.freeze(o.id, to_json(plan), to_json(pinned), "1.0.0", "2.0.0");
}

// One life of the process: runs what is unfinished, to its end or to its death.
Result<> carry_on(Life& life, Journal& journal) {
    auto left = TRY(journal.unfinished());
    if (!left) return {};
    if (left->plan.is_null()) return journal.finish(left->id, OperationResult::abandoned, {});
    const EngineHooks hooks;
    const auto outcome = TRY(Engine(step_table(), journal, life.ports).run(*left, hooks));
    return journal.finish(left->id, outcome.result, {{"why", outcome.error.text()}});
}

void recover(World& w, const std::string& file) {
    Life life(w);
    auto journal = life.journal(file);
    if (journal) (void)carry_on(life, *journal).has_value();
}

// What the journal says the operation came to; empty when not even its first commit was made.
std::string recorded_result(World& w, const std::string& file) {
    Life life(w);
    const auto journal = life.journal(file);
    if (!journal) return {};
    const auto operations = journal->operations(1);
    return operations && !operations->empty() ? std::string(word(operations->front().result)) : std::string();
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
        {"patch", {"1", {"1"}, "", false, true, true}, {"1"}, false, true, "succeeded"},
        {"unhealthy patch", {"1", {"1"}, "", false, true, false}, {"1"}, false, true, "undone"},
        {"throws at boot", {"1", {"1"}, "", false, false, true}, {"1"}, false, true, "undone"},
        {"compatible migration", {"2", {"2", "1", "half-2"}, "2", false, true, true}, {"1", "half-2", "2"}, true, true, "succeeded"},
        {"compatible migration, unhealthy", {"2", {"2", "1", "half-2"}, "2", false, true, false}, {"1", "half-2", "2"}, true, true, "undone"},
        {"incompatible migration", {"2", {"2"}, "2", false, true, true}, {"1"}, false, true, "succeeded"},
        {"incompatible migration, nobody writes", {"2", {"2"}, "2", false, true, true}, {"1"}, false, false, "succeeded"},
        {"incompatible migration fails half-way", {"2", {"2"}, "2", true, true, true}, {"1"}, false, true, "undone"},
        {"incompatible migration, unhealthy, nobody writes", {"2", {"2"}, "2", false, true, false}, {"1"}, false, false, "undone"},
        {"incompatible migration, unhealthy, users write", {"2", {"2"}, "2", false, true, false}, {"1"}, false, true, "needs_operator"},
        {"incompatible migration, throws at boot", {"2", {"2"}, "2", false, false, true}, {"1"}, false, true, "undone"},
    };
    return all;
}

Verdict run(const Scenario& scenario, Kill first, Kill second) {
    Verdict out;
    World w(first);
    lay_out(w, scenario);
    const auto file = journal_file();
    {
        Life life(w);
        auto journal = life.journal(file);
        if (journal && begin(life, *journal, scenario)) (void)carry_on(life, *journal).has_value();
    }
    out.labels = w.labels();
    out.point = first.at == 0 ? "" : out.labels.empty() ? "?" : out.labels.back();
    for (int life = 0; w.killed() && life < 4; ++life) {
        w.revive(life == 0 ? second : Kill{});
        recover(w, file);
        if (life == 0) out.recovery_changes = w.changes();
    }
    if (w.lost_power()) w.boot();
    out.result = recorded_result(w, file);
    const bool stopped = out.result == "needs_operator";
    if (out.result.empty() && first.at == 0) out.wrong.push_back("the operation came to no result");
    for (auto& line : violations(w, stopped)) out.wrong.push_back(std::move(line));
    const bool client = std::exchange(w.client, false);
    const auto before = fingerprint(w);
    recover(w, file);
    if (fingerprint(w) != before) out.wrong.push_back("recovering again changed something");
    w.client = client;
    drop(file);
    return out;
}

}  // namespace uprev::sim
