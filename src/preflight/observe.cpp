// SPDX-License-Identifier: Apache-2.0
#include "preflight/observe.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "os/secrets.hpp"
#include "plan/make_plan.hpp"
#include "preflight/manifest.hpp"
#include "preflight/plugins.hpp"
#include "preflight/probe_values.hpp"
#include "preflight/snapshot_sets.hpp"

namespace uprev {

namespace {
using Severity = Finding::Severity;

Finding blocked(std::string id, const Error& error) {
    return {Severity::blocker, std::move(id), error.text(), error.hint, error.code};
}

class Looking {
   public:
    explicit Looking(const Look& look) : look_(look), ports_(*look.ports), site_(*look.site) {}

    Observed all() {
        release();
        databases();
        services();
        environment();
        runtimes();
        plugins();
        disks();
        return std::move(out_);
    }

   private:
    void release() {
        auto active = ports_.layout->active();
        if (!active) return out_.findings.push_back(blocked("release.pointer", active.error()));
        facts().active_folder = active->folder.string();
        facts().active_version = look_.active_version.empty() ? version_of_folder(*ports_.fs, *active) : look_.active_version;
        facts().active_edited = edited_in(active->folder, "release.edited");
        if (const os::Path goal = look_.goal; !goal.empty()) facts().goal_edited = edited_in(goal, "release.goal_edited");
    }

    std::string edited_in(const os::Path& folder, const char* finding) {
        const auto edited = edited_since(*ports_.fs, folder, ports_.manifests, 5);
        if (!edited) out_.findings.push_back(blocked(finding, edited.error()));
        std::string out;
        if (edited)
            for (const auto& path : *edited) out += (out.empty() ? "" : ", ") + path;
        return out;
    }

    void databases() {
        for (const auto& [name, database] : ports_.databases) {
            auto seen = database->inspect();
            if (seen)
                facts().databases[name] = std::move(*seen);
            else
                out_.findings.push_back(blocked("database." + name, seen.error()));
        }
    }

    void services() {
        auto capabilities = ports_.services->capabilities();
        if (capabilities)
            facts().capabilities = std::move(*capabilities);
        else
            out_.findings.push_back(blocked("services", capabilities.error()));
        auto states = ports_.services->observe();
        if (states)
            facts().services = std::move(*states);
        else if (capabilities)
            out_.findings.push_back(blocked("services", states.error()));
        if (look_.old_release == nullptr) return;
        for (const auto& service : look_.old_release->services)
            for (const auto& probe : service.health) {
                const auto spec = filled(probe, site_, facts().active_folder, facts().active_version);
                if (!spec) continue;
                const auto answer = ports_.probe->ask(*spec, "");
                if (!answer.ok) facts().unhealthy[service.name] = answer.seen;
            }
    }

    void environment() {
        const auto file =
            !site_.env_file.empty() ? site_.env_file : (site_.shared.empty() ? site_.root + "/shared" : site_.shared) + "/.env";
        auto values = os::read_env_file(file);
        if (!values && values.error().code != Code::not_found)
            return out_.findings.push_back(blocked("environment", values.error()));
        facts().environment_known = values.has_value() || !site_.environment.empty();
        if (values)
            for (const auto& [key, value] : *values) facts().environment_keys.push_back(key);
        for (const auto& [key, value] : site_.environment) facts().environment_keys.push_back(key);
        std::sort(facts().environment_keys.begin(), facts().environment_keys.end());
    }

    void runtimes() {
        if (look_.release == nullptr) return;
        auto environment = command_environment(site_, site_.root, "");
        if (!environment) return;  // already a finding of environment()
        for (const auto& runtime : look_.release->runtimes) {
            os::Command command;
            command.argv = {runtime.name, "--version"};
            command.env = environment->values;
            command.user = site_.user;
            command.limit = std::chrono::seconds(10);
            const auto seen = os::capture(command);
            const bool ok = seen && seen->outcome.ok();
            facts().runtimes[runtime.name] = ok ? first_version(seen->output + " " + seen->errors) : "";
        }
    }

    // "Python 3.11.2" -> "3.11.2", "v18.19.0" -> "v18.19.0".
    static std::string first_version(const std::string& text) {
        const auto at = text.find_first_of("0123456789");
        if (at == std::string::npos) return {};
        return text.substr(at, text.find_first_not_of("0123456789.", at) - at);
    }

    void plugins() {
        if (!site_.plugins || facts().active_folder.empty()) return;
        auto seen = read_plugins(*ports_.fs, *site_.plugins, facts().active_folder);
        if (seen)
            facts().plugins = std::move(*seen);
        else
            out_.findings.push_back(blocked("plugins", seen.error()));
    }

    std::uint64_t tree_bytes(const os::Path& folder, int depth) const {
        std::uint64_t sum = 0;
        const auto names = ports_.fs->list(folder);
        if (!names || depth == 0) return 0;
        for (const auto& name : *names) {
            const auto info = ports_.fs->info(folder / name);
            if (!info) continue;
            // A file takes at least a block.
            sum += info->type == os::FileType::folder ? tree_bytes(folder / name, depth - 1) : (info->size + 4095) / 4096 * 4096;
        }
        return sum;
    }

    void need(std::string what, const os::Path& path, std::uint64_t bytes) {
        const auto space = ports_.fs->space(path);
        if (!space) return;
        facts().needs.push_back({std::move(what), path.string(), space->device, bytes});
        const bool known =
            std::any_of(facts().disks.begin(), facts().disks.end(), [&](const auto& d) { return d.device == space->device; });
        if (!known) facts().disks.push_back({path.string(), space->device, space->free});
    }

    // Of a folder that is yet to be made: the one in which it will be.
    os::Path nearest(os::Path folder) const {
        while (folder.has_relative_path() && !ports_.fs->space(folder)) folder = folder.parent_path();
        return folder;
    }

    // Those of which the plan takes a snapshot; of a release that nobody has seen yet, none is known.
    std::map<std::string, DatabaseFacts> snapshotted() {
        if (look_.release == nullptr) return {};
        PlanInput input;
        input.site = &site_;
        input.release = look_.release;
        input.facts = &facts();
        return migrates(input) ? facts().databases : std::map<std::string, DatabaseFacts>();
    }

    void disks() {
        if (look_.stages) to_place();
        if (look_.lays_aside != nullptr) to_lay_aside(*look_.lays_aside);
        for (const auto& disk : std::vector(facts().disks))
            facts().needs.push_back({"reserve", disk.path, disk.device, site_.retention.reserve_bytes});
    }

    // How big a dump gets isn't on record: the database as it is now is the nearest to it.
    void to_lay_aside(const std::vector<Snapshot>& snapshots) {
        for (const auto& s : snapshots)
            if (const auto db = facts().databases.find(s.database); db != facts().databases.end() && !db->second.disk.empty())
                need("copy of '" + s.database + "' laid aside", db->second.disk, std::max(db->second.bytes, s.bytes));
    }

    void to_place() {
        const os::Path root = site_.root;
        const auto today = facts().active_folder.empty() ? 0 : tree_bytes(facts().active_folder, 24);
        need("release folder (unpacked, with dependencies; as big as the active one at least)", root,
             std::max(today, look_.unpacked_bytes));
        const os::Path state = ports_.manifests.parent_path();
        need("artifact", state, look_.artifact_bytes);
        for (const auto& [name, db] : snapshotted()) {
            need("snapshot of '" + name + "'", nearest(dump_folder(site_, state, name, "").parent_path()), db.bytes);
            if (!db.disk.empty()) need("proof copy of '" + name + "'", db.disk, db.bytes);
        }
    }

    Facts& facts() { return out_.facts; }

    const Look& look_;
    Ports& ports_;
    const SiteFile& site_;
    Observed out_;
};
}  // namespace

std::string version_of_folder(const os::FileSystem& fs, const PlacedRelease& placed) {
    if (!placed.version.empty()) return placed.version;
    const auto text = fs.read(placed.folder / "package.json", 1U << 20U);
    if (!text) return {};
    const auto json = Json::parse(*text, nullptr, false);
    return json.is_object() ? json.value("version", "") : "";
}

Observed observe(const Look& look) { return Looking(look).all(); }

}  // namespace uprev
