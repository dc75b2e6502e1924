// SPDX-License-Identifier: Apache-2.0
#include "preflight/judge.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "plan/make_plan.hpp"
#include "plan/target.hpp"
#include "preflight/plugins.hpp"

namespace uprev {

namespace {
using Severity = Finding::Severity;

class Judge {
   public:
    Judge(const PlanInput& in, const Consent& consent) : in_(in), facts_(*in.facts), release_(*in.release), consent_(consent) {}

    std::vector<Finding> all() {
        identity();
        binding();
        way();
        schema();
        contradiction();
        consent();
        environment();
        runtimes();
        plugins();
        services();
        for (auto& f : judge_disks(facts_)) out_.push_back(std::move(f));
        for (const auto& check : release_.checks) add(Severity::note, "checks", check, "the vendor asks you to check this first");
        return std::move(out_);
    }

   private:
    void add(Severity severity, std::string id, std::string message, std::string hint, Code code = Code::refused) {
        out_.push_back({severity, std::move(id), std::move(message), std::move(hint), code});
    }

    void identity() {
        const auto stated = Version::parse(release_.version);
        const auto target = Version::parse(in_.target.version);
        if (!release_.version.empty() && (!stated || !target || !(*stated == *target)))
            add(Severity::blocker, "release.version",
                "the release file inside says version " + release_.version + ", but " + in_.target.version + " was asked for",
                "the feed and the artifact disagree: tell the vendor", Code::untrusted);
        if (!release_.application.empty() && !in_.site->application.empty() && release_.application != in_.site->application)
            add(Severity::blocker, "release.application",
                "this is a release of '" + release_.application + "', but the site runs '" + in_.site->application + "'",
                "check the source's address in the site file", Code::untrusted);
        if (!facts_.active_edited.empty() && !consent_.edits)
            add(Severity::blocker, "release.edited", "the active release was edited by hand: " + facts_.active_edited,
                "take the change back, or keep it behind with --accept-edits");
        if (!facts_.goal_edited.empty() && !consent_.edits)
            add(Severity::blocker, "release.goal_edited",
                "the placed release " + in_.target.version + " was edited or damaged by hand: " + facts_.goal_edited,
                "take the change back, or start the release as it is there with --accept-edits");
    }

    // A signature says who, not which: without a word on the version, an older release that was signed well could pass as a newer one.
    void binding() {
        const auto& trust = in_.site->trust;
        const bool is_signed = std::find(trust.require.begin(), trust.require.end(), "minisign") != trust.require.end();
        const bool by_comment = trust.minisign.trusted_comment.find("${version}") != std::string::npos;
        const bool served = std::any_of(release_.services.begin(), release_.services.end(),
                                        [](const auto& s) { return !s.version_json.empty(); });
        if (!is_signed || in_.folder_exists || in_.target.sha256.empty() || by_comment || !release_.version.empty() || served)
            return;
        add(Severity::blocker, "release.binding",
            "nothing binds what was signed to version " + in_.target.version + ": an older release could pass as this one",
            "say trust: {minisign: {trusted_comment: \"version:${version}\"}} if the vendor signs so, or give a service its "
            "version_json",
            Code::untrusted);
    }

    // "Declared compatible" and what the old release itself declares should agree: a failure would go back to it on the new schema.
    void contradiction() {
        const auto& old = *in_.old_release;
        const bool declared = !release_.migrations.empty() && std::all_of(release_.migrations.begin(), release_.migrations.end(),
                                                                          [](const auto& m) { return m.declared_compatible; });
        const bool states = !old.schema.empty() || !old.reads_schema.empty();
        if (!declared || !states || release_.schema.empty() || reads_schema(old.reads_schema, old.schema, release_.schema))
            return;
        add(Severity::warning, "schema.contradiction",
            "the migrations are declared compatible, but " + facts_.active_version + " does not declare that it reads schema " +
                release_.schema,
            "ask the vendor; 'writes: frozen' in the site file is the safe way meanwhile");
    }

    // Code that brings no migration along must find a schema that it reads.
    void schema() {
        if (!release_.migrations.empty() || release_.schema.empty() || in_.folder_exists) return;
        for (const auto& [name, facts] : facts_.databases)
            if (!facts.schema.empty() && !reads_schema(release_.reads_schema, release_.schema, facts.schema))
                add(Severity::blocker, "schema." + name,
                    in_.target.version + " is not known to read schema " + facts.schema + " of database '" + name +
                        "', and brings no migration",
                    "choose a version that reads it, or restore a snapshot set: uprev snapshot list");
    }

    void way() {
        const auto from = Version::parse(facts_.active_version);
        const auto to = Version::parse(in_.target.version);
        if (!from || !to) return;
        if (*to < *from && !consent_.downgrade && !in_.folder_exists)
            add(Severity::blocker, "version.downgrade", to->text() + " is older than the installed " + from->text(),
                "use 'uprev rollback', or --allow-downgrade");
        const auto conflict = path_conflict(*from, *to, release_.upgrade_from, release_.required_stops);
        if (!conflict.empty() && !in_.folder_exists)
            add(Severity::blocker, "version.path", conflict, "upgrade to that version first: uprev upgrade --to VERSION");
    }

    void consent() {
        const auto from = Version::parse(facts_.active_version);
        const auto to = Version::parse(in_.target.version);
        const bool major = from && to && bump_between(*from, *to) == Bump::major;
        const bool marked = in_.target.breaking || release_.breaking;
        const bool breaking = (major || marked || !in_.breaking_before.empty()) && !in_.folder_exists;
        if (breaking && (!consent_.breaking || consent_.reason.empty())) {
            const auto guide = !in_.target.migration_guide.empty() ? in_.target.migration_guide : in_.target.changelog;
            add(Severity::blocker, "consent.breaking",
                in_.target.version + (major    ? " is a major version"
                                      : marked ? " is marked breaking"
                                               : " comes after " + in_.breaking_before + ", which is marked breaking"),
                "test in a staging environment first (a copy of production on a separate machine); read the migration guide" +
                    (guide.empty() ? std::string() : ": " + guide) +
                    "; schedule downtime (major upgrades may take 30-60 minutes for large databases); have a verified backup "
                    "(uprev snapshot create); then: uprev upgrade --to " +
                    in_.target.version + " --allow-breaking --reason \"…\"");
        }
        if ((breaking || consent_.unattended) && !consent_.window_open)
            add(Severity::blocker, "consent.window", "no maintenance window is open",
                "the next one opens " + consent_.next_window);
    }

    void environment() {
        for (const auto& key : release_.environment.required) {
            if (has(key)) continue;
            add(Severity::blocker, "environment.missing",
                "the release needs the environment variable " + key + ", which isn't set",
                "add it to the installation's env file, then run again");
        }
        for (const auto& [key, replacement] : release_.environment.deprecated)
            if (has(key))
                add(Severity::warning, "environment.deprecated", key + " is deprecated",
                    replacement.empty() ? "remove it" : "use " + replacement + " instead");
    }

    bool has(const std::string& key) const {
        return std::binary_search(facts_.environment_keys.begin(), facts_.environment_keys.end(), key);
    }

    // Tools that count with two parts, or one: PostgreSQL 15.8, Java 17. Debian's own suffixes ("8.2-1+deb12") don't count.
    static Result<Version> tool_version(std::string text) {
        text = text.substr(0, text.find_first_not_of("v0123456789."));
        auto version = Version::parse(text);
        for (int missing = 2; !version && missing > 0; --missing) version = Version::parse(text += ".0");
        return version;
    }

    void runtimes() {
        for (const auto& wanted : release_.runtimes) {
            const auto found = facts_.runtimes.find(wanted.name);
            const auto text = found == facts_.runtimes.end() ? std::string() : found->second;
            const auto version = tool_version(text);
            const auto range = Range::parse(wanted.range);
            if (text.empty())
                add(Severity::blocker, "runtime." + wanted.name,
                    "'" + wanted.name + "' isn't installed, the release needs " + wanted.range,
                    "install it for the installation's user");
            else if (range && version && !range->matches(*version))
                add(Severity::blocker, "runtime." + wanted.name,
                    wanted.name + " is " + text + ", the release needs " + wanted.range, "install a version that fits");
            else if (!version)
                add(Severity::warning, "runtime." + wanted.name,
                    "the version of " + wanted.name + " ('" + text + "') can't be read", "check it against " + wanted.range);
        }
    }

    void plugins() {
        const auto platform = Version::parse(in_.target.version);
        if (!platform) return;
        for (const auto& plugin : facts_.plugins) {
            const auto why = plugin_conflict(plugin, *platform);
            if (why.empty()) continue;
            add(Severity::blocker, "plugin." + plugin.name,
                "plugin '" + plugin.name + "' " + plugin.version + " does not fit " + platform->text() + ": " + why,
                "update or remove it first (" + plugin.manifest + ")");
        }
    }

    void services() {
        for (const auto& s : facts_.services)
            if (!s.problem.empty())
                add(Severity::blocker, "service." + s.name, "service '" + s.name + "': " + s.problem,
                    "delete it from its manager and start it through the pointer");
        for (const auto& [name, seen] : facts_.unhealthy)
            add(Severity::warning, "service." + name + ".health", "service '" + name + "' is not healthy now: " + seen,
                "a failed upgrade can only put back what was there before");
    }

    const PlanInput& in_;
    const Facts& facts_;
    const ReleaseFile& release_;
    const Consent& consent_;
    std::vector<Finding> out_;
};
}  // namespace

std::vector<Finding> judge_disks(const Facts& facts) {
    std::vector<Finding> out;
    for (const auto& disk : facts.disks) {
        std::uint64_t needed = 0;
        std::string parts;
        for (const auto& need : facts.needs) {
            if (need.device != disk.device || need.needed == 0) continue;
            needed += need.needed;
            parts += (parts.empty() ? "" : ", ") + need.what + " " + human_size(need.needed);
        }
        if (needed > disk.free)
            out.push_back({Severity::blocker, "disk",
                           "the disk of " + disk.path + " has " + human_size(disk.free) + " free, but " + human_size(needed) +
                               " are needed: " + parts,
                           "free some space ('uprev gc' drops old releases and snapshots)", Code::exhausted});
    }
    return out;
}

std::vector<Finding> judge(const PlanInput& input, const Consent& consent) { return Judge(input, consent).all(); }

bool blocks(const std::vector<Finding>& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const auto& f) { return f.severity == Severity::blocker; });
}

Error as_error(const std::vector<Finding>& findings) {
    Error out;
    for (const auto& f : findings) {
        if (f.severity != Severity::blocker) continue;
        if (out.message.empty()) out.code = f.code;
        out.message += (out.message.empty() ? "" : "\n") + f.message;
        if (out.hint.find(f.hint) == std::string::npos) out.hint += (out.hint.empty() ? "" : "\n") + f.hint;
    }
    return out;
}

}  // namespace uprev
