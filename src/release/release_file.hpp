// SPDX-License-Identifier: Apache-2.0
// What a release needs: `uprev.release.yaml`, the vendor's file inside each release. Pure values; parsing is in config_parser.hpp.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace uprev {

using Argv = std::vector<std::string>;
using Millis = std::chrono::milliseconds;

// A command: exactly one of argv (no shell) or shell (run by /bin/sh -c, not interpolated; values arrive as UPREV_*).
struct CommandSpec {
    Argv argv;
    std::string shell;
    std::string cwd;                         // relative to the release folder; empty: the release folder
    std::map<std::string, std::string> env;  // values may be references: env:NAME, file:PATH
    Millis limit{600'000};
    [[nodiscard]] bool empty() const { return argv.empty() && shell.empty(); }
};

struct RuntimeSpec {    // runtimes: {node: ">=18"}
    std::string name;   // node, npm, python3, …; probed with `NAME --version`
    std::string range;  // npm range
};

struct DependencySpec {  // dependencies: [{path: backend, with: npm}]
    std::string path;    // folder relative to the release; found by lock file when the list is absent
    std::string with = "npm";
    CommandSpec command;  // only for `with: command`
};

struct BuildSpec {
    std::string name;
    CommandSpec command;  // argv [npm, run, build]
    std::string after;    // "" | "migrate"
};

struct MigrationSpec {
    std::string name;
    std::string database;              // name of a database in the site file; empty when there is only one
    CommandSpec command;               // argv ["npx","medusa","db:migrate"]
    CommandSpec pending;               // optional: prints pending migrations, one per line, exit 0; read-only
    bool declared_compatible = false;  // the previous release can serve on every state in between
};

struct ProbeSpec {
    std::string name;
    std::string kind = "http";                   // http | tcp | command
    std::string url;                             // http; ${port} etc. interpolated
    std::map<std::string, std::string> headers;  // values may be secret references
    int status = 200;
    std::string contains;                     // substring that the body must hold
    std::map<std::string, std::string> json;  // JSON pointer -> expected scalar, e.g. "/ok": "true", "/version": "${version}"
    std::string address;                      // tcp: host:port
    CommandSpec command;
    Millis every{250};
    Millis within{60'000};  // must hold by then
    Millis stable{3'000};   // and keep holding for that long
    Millis timeout{2'000};  // one ask
};

struct ServiceSpec {
    std::string name;          // pm2 app name, unit name, command service name
    std::string role = "web";  // web | worker
    std::vector<ProbeSpec> health;
    std::string version_json;  // JSON pointer in the first health body that carries the served version; empty: not asked
    std::string folder;        // folder in the release it runs from (pm2: cwd must be current/<folder>)
};

struct EnvSpec {
    std::vector<std::string> required;
    std::vector<std::string> optional;
    std::map<std::string, std::string> deprecated;  // old key -> replacement
};

struct PluginRangeSpec {
    std::string folder;  // e.g. plugins/ (operator-owned)
    std::string manifest = "plugin.json";
    std::string min_key = "carphacom_min_version";
    std::string max_key = "carphacom_max_version";
    std::string feed;  // address of the list of plugin releases; empty: updates aren't looked for
};

struct ReleaseFile {
    std::string version;      // must equal the artifact's
    std::string application;  // must equal the site's, against mix-ups
    std::vector<RuntimeSpec> runtimes;
    std::optional<std::vector<DependencySpec>> dependencies;  // absent: found by lock file
    std::vector<BuildSpec> builds;
    std::vector<MigrationSpec> migrations;
    std::vector<ServiceSpec> services;
    std::vector<ProbeSpec> smoke;
    EnvSpec environment;
    std::vector<std::string> upgrade_from;    // npm ranges; empty: any older
    std::vector<std::string> required_stops;  // versions that must be visited on the way
    std::string schema;                       // schema version that it expects; empty: not declared
    std::vector<std::string> reads_schema;    // those that it can serve on (exact words or npm ranges)
    bool breaking = false;
    std::string migration_guide;
    std::string changelog;
    std::vector<std::string> notes;   // shown to the operator, acknowledged with `uprev ack`
    std::vector<std::string> checks;  // checks for the operator before the upgrade
};

}  // namespace uprev
