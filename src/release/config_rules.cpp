// SPDX-License-Identifier: Apache-2.0
#include "release/config_rules.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "release/checks.hpp"

namespace uprev {

namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// A header or variable whose name says that its value is a secret.
bool names_secret(std::string_view name) {
    constexpr std::array words{"password", "passwd",  "passphrase", "secret", "token",      "authorization",
                               "cookie",   "api_key", "api-key",    "apikey", "private_key"};
    const auto small = lower(name);
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

void check_secrets(const std::map<std::string, std::string>& values, const std::string& path, const Complain& complain) {
    for (const auto& [name, value] : values)
        if (names_secret(name) && !value.empty() && !checks::is_reference(value))
            complain(path + "." + name,
                     "must be a reference (env:NAME or file:PATH): its name says that it is a secret, and this file holds none");
}

void check_environment(const std::map<std::string, std::string>& values, const std::string& path, const Complain& complain) {
    for (const auto& [name, value] : values)
        if (const auto complaint = checks::environment_name.complaint(name); !complaint.empty())
            complain(path + "." + name, "has a key that " + complaint);
    check_secrets(values, path, complain);
}

void check_command(const CommandSpec& command, const std::string& path, const Complain& complain) {
    check_environment(command.env, path + ".env", complain);
}

void check_probes(const std::vector<ProbeSpec>& probes, const std::string& path, const Complain& complain) {
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto here = path + "[" + std::to_string(i) + "]";
        check_secrets(probes[i].headers, here + ".headers", complain);
        check_command(probes[i].command, here + ".command", complain);
        for (const auto& [pointer, expected] : probes[i].json)
            if (const auto complaint = checks::json_pointer.complaint(pointer); !complaint.empty())
                complain(here + ".json." + pointer, "has a key that " + complaint);
        if (probes[i].every.count() == 0) complain(here + ".every", "must be longer than nothing");
        if (probes[i].timeout.count() == 0) complain(here + ".timeout", "must be longer than nothing");
        if (probes[i].stable > probes[i].within)
            complain(here + ".stable", "must not be longer than 'within', or it could never hold");
    }
}

void check_trust(const SiteFile& site, const Complain& complain) {
    const bool minisign = contains(site.trust.require, "minisign");
    if (minisign && site.trust.minisign.keys.empty())
        complain(
            "trust.minisign.keys",
            "is needed because 'trust.require' names 'minisign': give the vendor's public key, the second line of minisign.pub");
    if (!minisign && !site.trust.minisign.keys.empty())
        complain("trust.minisign.keys", "would not be used: 'trust.require' does not name 'minisign'");
}

void check_source(const SiteFile& site, const Complain& complain) {
    const auto& feed = site.source.feed;
    if (feed.url.starts_with("http://") && !feed.allow_plain_http)
        complain("source.url", "is plain http, which anyone on the way can change; use https, or say 'allow_plain_http: true'");
    for (const auto& [key, value] :
         {std::pair{"artifact", &feed.artifact}, {"signature", &feed.signature}, {"release_file", &feed.release_file}})
        if (value->starts_with('-') || value->find(' ') != std::string::npos)
            complain(std::string("source.") + key, "is not an address");
    check_secrets(feed.headers, "source.headers", complain);
}

// One of two kept paths below the other would be linked twice. Paths are tidy by now.
void check_keep(const SiteFile& site, const Complain& complain) {
    for (std::size_t i = 0; i < site.keep.size(); ++i) {
        const auto& mine = site.keep[i];
        const auto path = "keep[" + std::to_string(i) + "]";
        if (mine.empty() || mine == ".") complain(path, "is the whole release");
        for (std::size_t j = 0; j < site.keep.size(); ++j) {
            const auto& other = site.keep[j];
            if (j < i && mine == other) complain(path, "stands there twice");
            if (mine != other && mine.starts_with(other + "/"))
                complain(path, "lies below '" + other + "', which is kept already");
        }
    }
}

void check_databases(const SiteFile& site, const Complain& complain) {
    std::vector<std::string> names;
    for (const auto& database : site.databases) names.push_back(database.name);
    for (std::size_t i = 0; i < site.release.migrations.size(); ++i) {
        const auto& wanted = site.release.migrations[i].database;
        const auto path = "release.migrations[" + std::to_string(i) + "].database";
        if (wanted.empty() && names.size() > 1)
            complain(path, "is needed because there are several databases: " + join(names, ", "));
        if (!wanted.empty() && !contains(names, wanted))
            complain(path, "names no database of this site: '" + excerpt(wanted) + "'" + did_you_mean(wanted, names));
    }
}

void check_services(const SiteFile& site, const Complain& complain) {
    const auto& services = site.services;
    if (services.guard_on.empty() != services.guard_off.empty())
        complain("services", "needs both 'guard_on' and 'guard_off': what is switched on must be put back");
    check_command(services.guard_on, "services.guard_on", complain);
    check_command(services.guard_off, "services.guard_off", complain);
    for (const auto& command : services.commands) {
        const auto path = "services.commands." + command.name;
        check_command(command.start, path + ".start", complain);
        check_command(command.stop, path + ".stop", complain);
        check_command(command.reload, path + ".reload", complain);
        check_command(command.status, path + ".status", complain);
    }
}

}  // namespace

void check_site(const SiteFile& site, const Complain& complain) {
    check_trust(site, complain);
    check_source(site, complain);
    check_keep(site, complain);
    check_databases(site, complain);
    check_services(site, complain);
    check_environment(site.environment, "environment", complain);
    check_command(site.maintenance.on, "maintenance.on", complain);
    check_command(site.maintenance.off, "maintenance.off", complain);
    for (std::size_t i = 0; i < site.notify.size(); ++i)
        check_command(site.notify[i].command, "notify[" + std::to_string(i) + "].command", complain);
    if (site.current == site.releases) complain("current", "is the same as 'releases'");
    check_release(site.release, "release.", complain);
}

void check_release(const ReleaseFile& release, const std::string& prefix, const Complain& complain) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < release.migrations.size(); ++i) {
        const auto path = prefix + "migrations[" + std::to_string(i) + "]";
        const auto& migration = release.migrations[i];
        if (!migration.name.empty() && !seen.insert(migration.name).second)
            complain(path + ".name", "is used by two migrations: '" + excerpt(migration.name) + "'");
        check_command(migration.command, path + ".command", complain);
        check_command(migration.pending, path + ".pending", complain);
    }
    for (const auto& build : release.builds) check_command(build.command, prefix + "builds." + build.name + ".command", complain);
    for (const auto& service : release.services) {
        const auto path = prefix + "services." + service.name;
        check_probes(service.health, path + ".health", complain);
        if (!service.version_json.empty() && (service.health.empty() || service.health.front().kind != "http"))
            complain(path + ".version_json", "needs an http probe as the first of 'health' to ask the version from");
    }
    check_probes(release.smoke, prefix + "smoke", complain);
}

void check_passwords(const YamlNode& node, const std::string& path, std::vector<Problem>& problems) {
    if (node.kind == YamlNode::Kind::scalar && checks::holds_password(node.scalar))
        problems.push_back(
            {node.place,
             "'" + path + "' holds an address with a password; write a reference (env:NAME or file:PATH) in its place"});
    for (std::size_t i = 0; i < node.items.size(); ++i)
        check_passwords(node.items[i], path + "[" + std::to_string(i) + "]", problems);
    for (const auto& entry : node.entries)
        check_passwords(entry.value, path.empty() ? entry.key : path + "." + entry.key, problems);
}

}  // namespace uprev
