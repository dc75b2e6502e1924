// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.hpp"
#include "base/units.hpp"
#include "commands/doctor.hpp"
#include "commands/effective.hpp"
#include "os/identity.hpp"
#include "os/secrets.hpp"
#include "preflight/observe.hpp"

namespace uprev {

namespace {
class Installation {
   public:
    Installation(Session& session, const ReleaseFile& release, Chart& chart)
        : session_(session), site_(session.site()), release_(release), chart_(chart) {}

    void all() {
        root();
        environment();
        references(effective(site_), "");
        auto adapters = session_.adapters({release_});
        if (!adapters) return chart_.block("adapters", adapters.error());
        auto& ports = (*adapters)->ports;
        const auto seen = observe({&site_, &release_, &release_, &ports, "", 0, 0, true});
        for (const auto& finding : seen.findings) chart_.block(finding.id, finding.message, finding.hint);
        pointer(seen.facts);
        databases(seen.facts);
        services(seen.facts);
        required_keys(seen.facts);
        disks(seen.facts);
        feed(*ports.source);
    }

   private:
    void root() {
        const auto info = session_.fs().info(site_.root);
        if (!info) return chart_.block("root", info.error());
        if (info->type == os::FileType::missing)
            return chart_.block("root", site_.root + " does not exist",
                                "correct 'root' in the site file, or install the application there first");
        if (info->type != os::FileType::folder)
            return chart_.block("root", site_.root + " is no folder", "correct 'root' in the site file");
        const auto user = os::find_user(site_.user);
        const bool theirs = user && info->uid == user->uid;
        if (theirs || site_.user.empty())
            chart_.ok("root", site_.root + " belongs to " + (user ? user->name : "its user"));
        else
            chart_.warn("root", site_.root + " does not belong to '" + site_.user + "'",
                        "chown " + site_.user + ": " + site_.root);
        if ((info->mode & 0002U) != 0)
            chart_.block("root.mode", site_.root + " may be written by everybody", "chmod o-w " + site_.root);
    }

    os::Path shared() const { return site_.shared.empty() ? os::Path(site_.root) / "shared" : os::Path(site_.shared); }

    void environment() {
        for (const auto& path : site_.keep) {
            const auto info = session_.fs().info(shared() / path);
            if (info && info->type == os::FileType::missing)
                chart_.warn(
                    "keep." + path,
                    "'" + path + "' is to be linked into each release, but " + (shared() / path).string() + " does not exist",
                    "make it, or take it out of 'keep'");
        }
        const os::Path file = site_.env_file.empty() ? shared() / ".env" : os::Path(site_.env_file);
        const auto info = session_.fs().info(file);
        if (!info || info->type != os::FileType::regular) return;
        if ((info->mode & 0004U) != 0)
            chart_.warn("environment.mode", file.string() + " may be read by everybody", "chmod o= " + file.string());
        if ((info->mode & 0022U) != 0)
            chart_.block("environment.mode", file.string() + " may be written by others", "chmod go-w " + file.string());
        else
            chart_.ok("environment", file.string() + " is there");
    }

    // Every env: and file: in the site file, resolved and forgotten again.
    void references(const Json& json, const std::string& path) {
        if (json.is_structured()) {
            for (const auto& [key, value] : json.items()) references(value, path.empty() ? key : path + "." + key);
            return;
        }
        if (!json.is_string()) return;
        const auto text = json.get<std::string>();
        if (!text.starts_with("env:") && !text.starts_with("file:")) return;
        const auto revealed = os::reveal(text);
        if (!revealed)
            chart_.block("secret." + path, "'" + path + "': " + revealed.error().text(), revealed.error().hint);
        else if (revealed->value.empty())
            chart_.warn("secret." + path, "'" + path + "' leads to an empty value (" + text + ")", "set it");
        else
            chart_.ok("secret." + path, "'" + path + "' can be resolved (" + text + ")");
    }

    void pointer(const Facts& facts) {
        if (facts.active_folder.empty()) return;
        if (facts.active_version.empty())
            chart_.warn("release.version", "the version of " + facts.active_folder + " can't be told",
                        "say it: uprev adopt --version VERSION");
        chart_.ok("release",
                  (facts.active_version.empty() ? "a release" : facts.active_version) + " is active: " + facts.active_folder);
        if (!facts.active_edited.empty())
            chart_.warn("release.edited", "the active release was edited by hand: " + facts.active_edited,
                        "take the change back; an upgrade refuses without --accept-edits");
    }

    void databases(const Facts& facts) {
        for (const auto& [name, db] : facts.databases) {
            chart_.ok("database." + name, "'" + name + "': " + db.server + " at " + db.address + ", " + human_size(db.bytes) +
                                              (db.schema.empty() ? "" : ", schema " + db.schema));
            if (db.schema.empty())
                chart_.note("database." + name + ".schema", "the schema version of '" + name + "' is not known",
                            "set schema_query, so that going back can be judged by it");
        }
        if (site_.databases.empty())
            chart_.note("databases", "the site file names no database: none is backed up",
                        "name those that the application uses under 'databases'");
    }

    void services(const Facts& facts) {
        for (const auto& s : facts.services) {
            const auto id = "service." + s.name;
            if (!s.problem.empty())
                chart_.block(id, "service '" + s.name + "': " + s.problem,
                             "delete it from its manager and start it through the pointer");
            else if (s.state == RunState::running)
                chart_.ok(id, "service '" + s.name + "' runs" + (s.running_from.empty() ? "" : " from " + s.running_from));
            else
                chart_.warn(id, "service '" + s.name + "' does not run",
                            "start it before an upgrade: what doesn't run now can't show that it is well");
        }
        if (facts.services.empty())
            chart_.warn("services", "no service is known: nothing is reloaded and nothing shows that a release is well",
                        "name them under 'release: services:'");
        for (const auto& [name, seen] : facts.unhealthy)
            chart_.warn("health." + name, "service '" + name + "' is not healthy now: " + seen, "mend it before an upgrade");
        const bool asked =
            std::any_of(release_.services.begin(), release_.services.end(), [](const auto& s) { return !s.health.empty(); });
        if (!asked)
            chart_.warn("health", "no service has a health address, so a gate can't tell a good release from a bad one",
                        "add 'health' to the services in the site file");
        if (!facts.capabilities.graceful_reload && !facts.capabilities.why_not_graceful.empty())
            chart_.note("services.graceful", "reloads are not without an outage: " + facts.capabilities.why_not_graceful);
    }

    void required_keys(const Facts& facts) {
        for (const auto& key : release_.environment.required)
            if (!std::binary_search(facts.environment_keys.begin(), facts.environment_keys.end(), key))
                chart_.block("environment." + key, "the release needs the environment variable " + key + ", which isn't set",
                             "add it to the env file");
    }

    void disks(const Facts& facts) {
        for (const auto& disk : facts.disks) {
            std::uint64_t needed = 0;
            for (const auto& need : facts.needs) needed += need.device == disk.device ? need.needed : 0;
            const auto text = "the disk of " + disk.path + " has " + human_size(disk.free) + " free; an upgrade takes about " +
                              human_size(needed);
            if (needed > disk.free)
                chart_.block("disk", text, "free some space: 'uprev gc' drops what isn't kept");
            else
                chart_.ok("disk", text);
        }
    }

    void feed(Source& source) {
        const auto list = source.list();
        if (!list)
            return chart_.warn("feed", list.error().text(),
                               list.error().hint.empty() ? "check 'source' in the site file" : list.error().hint);
        chart_.ok("feed", "the feed offers " + std::to_string(list->releases.size()) +
                              (list->releases.size() == 1 ? " release" : " releases"));
    }

    Session& session_;
    const SiteFile& site_;
    const ReleaseFile& release_;
    Chart& chart_;
};
}  // namespace

void examine_installation(Session& session, const ReleaseFile& release, Chart& chart) {
    Installation(session, release, chart).all();
}

}  // namespace uprev
