// SPDX-License-Identifier: Apache-2.0
// Commands, database, services and probes of the simulated machine.
#include <algorithm>

#include "crash/parts.hpp"

namespace uprev::sim {

namespace {

// Commands: ["build"] and ["migrate"] do what the release's behaviour says. A command runs in two halves, under a shim that outlives uprev.
class Commands final : public os::Processes {
   public:
    explicit Commands(World& world) : w_(world) {}

    Result<os::Outcome> run(const os::Command& command, const std::function<bool()>&) override {
        const auto record = command.record.string();
        const auto folder = command.cwd.string();
        TRY_VOID(w_.change("start " + command.argv.front(), [&]() -> Result<> {
            w_.records[record].state = os::RecordState::running;
            w_.unfinished[record] = [this, command, record, folder] {
                half(command, folder, true);
                half(command, folder, false);
                finished(command, record, folder);
            };
            return {};
        }));
        TRY_VOID(w_.change("during " + command.argv.front(), [&]() -> Result<> {
            half(command, folder, true);
            w_.unfinished[record] = [this, command, record, folder] {
                half(command, folder, false);
                finished(command, record, folder);
            };
            return {};
        }));
        TRY_VOID(w_.change("end of " + command.argv.front(), [&]() -> Result<> {
            half(command, folder, false);
            finished(command, record, folder);
            w_.unfinished.erase(record);
            return {};
        }));
        return w_.records[record].outcome;
    }
    Result<os::Recorded> recorded(const os::Path& record) const override {
        TRY_VOID(w_.alive());
        const auto found = w_.records.find(record.string());
        return found == w_.records.end() ? os::Recorded{} : found->second;
    }
    Result<os::Recorded> settle(const os::Path& record, bool, std::chrono::milliseconds) override { return recorded(record); }

   private:
    void half(const os::Command& command, const std::string& folder, bool first) {
        const auto* b = w_.behaviour_of(folder);
        if (command.argv.front() == "build" && !first) w_.live[folder + "/built"] = {os::FileType::regular, "yes"};
        if (command.argv.front() != "migrate" || b == nullptr || b->migrates_to.empty() || w_.data.schema == b->migrates_to)
            return;
        if (!w_.reach(Cut::no_database)) return;
        if (first) w_.data.schema = "half-" + b->migrates_to;
        if (!first && !b->migration_fails) w_.data.schema = b->migrates_to;
        ++w_.data.writes;
    }
    void finished(const os::Command& command, const std::string& record, const std::string& folder) {
        const auto* b = w_.behaviour_of(folder);
        auto& r = w_.records[record];
        r.state = os::RecordState::finished;
        const bool migration = command.argv.front() == "migrate" && b != nullptr;
        const bool whole = !migration || b->migrates_to.empty() || w_.data.schema == b->migrates_to;
        r.outcome.exit_code = migration && (b->migration_fails || !whole) ? 1 : 0;
    }
    World& w_;
};

class SimDatabase final : public Database {
   public:
    explicit SimDatabase(World& world) : w_(world) {}
    Result<DatabaseFacts> inspect() override {
        TRY_VOID(w_.reach(Cut::no_database));
        return DatabaseFacts{"simulated", "sim://shop", 1000, {}, w_.data.schema, std::to_string(w_.data.writes), 0};
    }
    Result<Snapshot> snapshot(const os::Path& folder, const std::string& mark, bool keep_copy) override {
        Snapshot s;
        s.database = "shop";
        s.path = folder / ("shop-" + mark + ".dump");
        TRY_VOID(w_.change("database: dump", [&]() -> Result<> {
            s.write_mark = std::to_string(w_.data.writes);
            s.schema = w_.data.schema;
            w_.dumps[s.path.string()] = w_.data;
            return {};
        }));
        TRY_VOID(w_.change("database: prove", [&]() -> Result<> {
            if (keep_copy) w_.copies.insert(mark);
            return {};
        }));
        s.proven = true;
        s.restored = keep_copy ? mark : "";
        return s;
    }
    Result<Fence> fence(const std::string& mark) override {
        if (w_.fence != mark)
            TRY_VOID(w_.change("database: fence", [&]() -> Result<> {
                w_.fence = mark;
                return {};
            }));
        TRY_VOID(w_.reach(Cut::no_database));
        return Fence{"shop", "shop_fenced", {}, {}};
    }
    Result<> unfence(const std::string&) override {
        if (w_.fence.empty()) return w_.reach(Cut::no_database);
        return w_.change("database: unfence", [&]() -> Result<> {
            w_.fence.clear();
            return {};
        });
    }
    Result<> lay_aside(const Snapshot& snapshot, const std::string& mark) override {
        TRY_VOID(w_.reach(Cut::no_database));
        if (w_.failed_copies.count(mark) != 0 || w_.copies.count(mark) != 0 || w_.copies.count(snapshot.restored) != 0) return {};
        return w_.change("database: lay aside", [&]() -> Result<> {
            w_.copies.insert(mark);
            return {};
        });
    }
    Result<> restore(const Snapshot& snapshot, const std::string& mark) override {
        TRY_VOID(w_.reach(Cut::no_database));
        if (w_.failed_copies.count(mark) != 0) return {};
        const auto dump = w_.dumps.find(snapshot.path.string());
        if (dump == w_.dumps.end()) return fail(Code::corrupt, "the dump is gone");
        return w_.change("database: swap", [&]() -> Result<> {
            w_.failed_copies[mark] = w_.data;
            w_.copies.erase(w_.copies.count(snapshot.restored) != 0 ? snapshot.restored : mark);
            const auto writes = w_.data.writes;
            w_.data = dump->second;
            w_.data.writes = writes + 1;
            w_.fence.clear();
            return {};
        });
    }
    Result<Written> written_since(const std::string& mark) override {
        TRY_VOID(w_.reach(Cut::no_database));
        return mark == std::to_string(w_.data.writes) ? Written::no : Written::unknown;
    }
    Result<> forget(const Snapshot& snapshot, bool keep_dump) override {
        return drop(keep_dump ? "" : snapshot.path.string(), snapshot.restored);
    }
    Result<> discard(const os::Path& folder, const std::string& mark) override {
        return drop((folder / ("shop-" + mark + ".dump")).string(), mark);
    }
    Result<std::optional<ReplacedDatabase>> replaced(const std::string& mark) override {
        TRY_VOID(w_.reach(Cut::no_database));
        if (w_.failed_copies.count(mark) == 0) return std::optional<ReplacedDatabase>();
        return std::optional(ReplacedDatabase{"shop_failed_" + mark, 1000});
    }
    Result<> drop_replaced(const std::string& mark) override {
        return w_.change("database: drop replaced", [&]() -> Result<> {
            w_.failed_copies.erase(mark);
            return {};
        });
    }

   private:
    Result<> drop(const std::string& dump, const std::string& copy) {
        if (w_.dumps.count(dump) == 0 && w_.copies.count(copy) == 0) return w_.reach(Cut::no_database);
        return w_.change("database: forget", [&]() -> Result<> {
            w_.dumps.erase(dump);
            w_.copies.erase(copy);
            return {};
        });
    }
    World& w_;
};

class SimServices final : public Services {
   public:
    explicit SimServices(World& world) : w_(world) {}
    Result<ServiceCapabilities> capabilities() override { return ServiceCapabilities{true, true, ""}; }
    Result<std::vector<ServiceState>> observe() override {
        TRY_VOID(w_.reach(Cut::no_services));
        std::vector<ServiceState> out;
        for (const auto& [name, s] : w_.services) {
            ServiceState state;
            state.name = name;
            state.state = s.running ? RunState::running : RunState::stopped;
            if (s.running) state.pids = {1};
            state.restarts = s.restarts;
            state.running_from = s.running ? s.folder : "";
            out.push_back(state);
        }
        return out;
    }
    Result<> start(const std::vector<std::string>& names, const os::Path& release) override {
        return each("start", names, release);
    }
    Result<> reload(const std::vector<std::string>& names, const os::Path& release) override {
        return each("reload", names, release);
    }
    Result<> stop(const std::vector<std::string>& names) override {
        for (auto& [name, service] : w_.services) {
            if (!listed(names, name) || !service.running) continue;
            TRY_VOID(w_.change("services: stop " + name, [&s = service]() -> Result<> {
                s.running = false;
                return {};
            }));
        }
        return w_.reach(Cut::no_services);
    }
    Result<> guard(bool on, const std::string& mark) override {
        const std::string wanted = on ? mark : "";
        if (w_.guard == wanted) return w_.reach(Cut::no_services);
        return w_.change(on ? "services: guard" : "services: unguard", [&]() -> Result<> {
            w_.guard = wanted;
            return {};
        });
    }

   private:
    static bool listed(const std::vector<std::string>& names, const std::string& name) {
        return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    }
    Result<> each(const std::string& verb, const std::vector<std::string>& names, const os::Path& release) {
        for (auto& [name, service] : w_.services) {
            if (!listed(names, name)) continue;
            TRY_VOID(w_.change("services: " + verb + " " + name, [&, n = name]() -> Result<> {
                w_.start(n, release.string());
                return {};
            }));
            if (!service.running) return fail(Code::failed, name + " throws at boot");
        }
        return w_.reach(Cut::no_services);
    }
    World& w_;
};

class SimProbe final : public Probe {
   public:
    explicit SimProbe(World& world) : w_(world) {}
    Answer ask(const ProbeSpec& spec, const std::string&) override {
        w_.tick();
        const auto found = w_.services.find(spec.name);
        if (!w_.alive() || found == w_.services.end() || !found->second.running) return {false, "connection refused", ""};
        const auto& b = w_.releases[found->second.version];
        const bool ok = b.healthy && b.reads.count(w_.data.schema) != 0 && w_.fence.empty() && w_.reach(Cut::no_database);
        return {ok, ok ? "200" : "503", found->second.version};
    }

   private:
    World& w_;
};
}  // namespace

std::unique_ptr<os::Processes> make_processes(World& world) { return std::make_unique<Commands>(world); }
std::unique_ptr<Database> make_database(World& world) { return std::make_unique<SimDatabase>(world); }
std::unique_ptr<Services> make_services(World& world) { return std::make_unique<SimServices>(world); }
std::unique_ptr<Probe> make_probe(World& world) { return std::make_unique<SimProbe>(world); }

}  // namespace uprev::sim
