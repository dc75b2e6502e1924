// SPDX-License-Identifier: Apache-2.0
#include "crash/world.hpp"

namespace uprev::sim {

std::string_view word(Cut cut) {
    switch (cut) {
        case Cut::before:
            return "before";
        case Cut::after:
            return "after";
        case Cut::dropped:
            return "dropped";
        case Cut::no_database:
            return "no database";
        case Cut::no_services:
            return "no services";
        case Cut::disk_full:
            return "disk full";
    }
    return "";
}

bool is_outage(Cut cut) { return cut >= Cut::no_database; }

Result<> World::alive() const {
    if (killed_) return fail(Code::unavailable, "the simulated uprev is dead");
    return {};
}

Result<> World::reach(Cut part) const {
    TRY_VOID(alive());
    if (!out_ || kill_.cut != part) return {};
    if (part == Cut::disk_full) return fail(Code::exhausted, "no space left on the simulated disk");
    return fail(Code::unavailable, part == Cut::no_database ? "the database is away" : "the service manager is away");
}

Result<> World::possible(const std::string& what) const {
    if (what == "database: dump") TRY_VOID(reach(Cut::disk_full));
    if (what.starts_with("database: ")) return reach(Cut::no_database);
    if (what.starts_with("services: ")) return reach(Cut::no_services);
    // What only takes away, or exchanges names, needs no room.
    if (what.starts_with("files: remove") || what.starts_with("files: rename") || what == "files: exchange" || what == "sync")
        return alive();
    if (what.starts_with("files: ") || what.starts_with("unpack: ") || what.starts_with("journal: "))
        return reach(Cut::disk_full);
    return alive();
}

void World::count(const std::string& what) {
    ++count_;
    labels_.push_back(what);
    if (count_ == kill_.at && is_outage(kill_.cut)) out_ = true;
}

void World::die(bool power) {
    killed_ = true;
    lost_power_ = lost_power_ || power;
    if (!power) {
        // The shims live on: what they run ends as it would have.
        for (auto& [record, finish] : unfinished) finish();
        unfinished.clear();
        return;
    }
    live = disk;
    for (auto& [name, service] : services) service.running = false;
    for (const auto& [record, finish] : unfinished) records[record].state = os::RecordState::interrupted;
    unfinished.clear();
}

Result<> World::change(const std::string& what, const std::function<Result<>()>& effect) {
    TRY_VOID(alive());
    tick();
    count(what);
    TRY_VOID(possible(what));
    const bool here = count_ == kill_.at && !is_outage(kill_.cut);
    if (here && kill_.cut == Cut::before) {
        die(false);
        return alive();
    }
    auto done = effect();
    if (here && !killed_) {
        die(kill_.cut == Cut::dropped);
        return alive();
    }
    if (killed_) return alive();
    tick();
    return done;
}

Result<> World::commit(const std::string& what, bool before) {
    TRY_VOID(alive());
    if (before) {
        tick();
        count(what);
        TRY_VOID(possible(what));
        if (count_ == kill_.at && kill_.cut == Cut::before) die(false);
        return alive();
    }
    if (count_ == kill_.at && !is_outage(kill_.cut)) die(kill_.cut == Cut::dropped);
    return alive();
}

void World::revive(Kill kill) {
    kill_ = kill;
    count_ = 0;
    labels_.clear();
    killed_ = false;
    out_ = false;
}

void World::boot() {
    lost_power_ = false;
    if (!guard.empty()) return;
    for (auto& [name, service] : services)
        if (!service.running) start(name, pointer_target());
}

std::string World::pointer_target() const {
    const auto link = live.find(std::string(root) + "/current");
    if (link == live.end() || link->second.type != os::FileType::symlink) return {};
    const os::Path target = link->second.content;
    return target.is_absolute() ? target.string() : (os::Path(root) / target).lexically_normal().string();
}

const Behaviour* World::behaviour_of(const std::string& folder) const {
    const auto file = live.find(folder + "/VERSION");
    if (file == live.end()) return nullptr;
    const auto found = releases.find(file->second.content);
    return found == releases.end() ? nullptr : &found->second;
}

void World::start(const std::string& name, const std::string& folder) {
    auto& service = services[name];
    service = {false, "", folder, service.restarts};
    const auto* behaviour = behaviour_of(folder);
    if (behaviour == nullptr || !behaviour->boots || live.count(folder + "/built") == 0) {
        ++service.restarts;
        return;
    }
    service.running = true;
    service.version = live.at(folder + "/VERSION").content;
}

void World::tick() {
    now_ms += 1;
    if (client) client_writes();
}

void World::client_writes() {
    if (!fence.empty() || !reach(Cut::no_database)) return;
    for (const auto& [name, service] : services) {
        if (!service.running) continue;
        const auto found = releases.find(service.version);
        if (found == releases.end() || found->second.reads.count(data.schema) == 0)
            continue;  // its code fails: nothing is acknowledged
        const auto row = "row-" + std::to_string(acknowledged.size());
        data.rows.push_back(row);
        ++data.writes;
        acknowledged.push_back(row);
        return;
    }
}

}  // namespace uprev::sim
