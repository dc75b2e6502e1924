// SPDX-License-Identifier: Apache-2.0
// One installation as its operator describes it: `uprev.yaml`. Pure values; parsing is in config_parser.hpp.
// Secrets are references ("env:NAME", "file:PATH"), resolved by os/secrets only when used.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "release/release_file.hpp"

namespace uprev {

struct FeedSpec {
    std::string url;           // https://… or an absolute folder path holding feed.json
    std::string artifact;      // template for the simple feed: https://…/carphacom-${version}.tar.xz
    std::string signature;     // template: ${artifact}.minisig
    std::string release_file;  // template; empty: read it from the artifact
    std::map<std::string, std::string> headers;
    std::string ca_file;
    bool allow_plain_http = false;
    bool allow_private_addresses = false;
    std::uint64_t max_artifact_bytes = 2ULL << 30U;
    std::uint64_t max_unpacked_bytes = 8ULL << 30U;
    std::uint64_t max_entries = 500'000;
    std::uint64_t rate = 0;  // bytes per second; 0: none
    Millis timeout{60'000};  // feed and small files
    Millis download_timeout{3'600'000};
};

struct SourceSpec {
    std::string kind = "feed";
    std::string channel = "stable";
    FeedSpec feed;
};

struct MinisignTrust {
    std::vector<std::string> keys;  // base64 public keys (the line of minisign.pub); any one suffices
    bool allow_legacy = false;
    std::string trusted_comment;  // template that the trusted comment must contain: "version:${version}" ; empty: not bound
};

struct TrustSpec {
    std::vector<std::string> require{"minisign"};  // all of: sha256, minisign
    MinisignTrust minisign;
};

struct PostgresSpec {
    std::string url;                       // reference or postgresql://… without password; how uprev itself connects
    std::string as;                        // OS user for tools and peer authentication
    std::string url_env = "DATABASE_URL";  // the key through which the application and its migrations get their address
    std::string bin;                       // folder of pg_dump, pg_restore; empty: PATH, then /usr/lib/postgresql/*/bin
    std::string schema_query;              // one row, one column: the schema version; empty: not known
};

struct SqliteSpec {
    std::string path;          // may contain ${root}
    std::string schema_query;  // e.g. "PRAGMA user_version"
};

struct DatabaseSpec {
    std::string name;
    std::string kind;  // postgresql | sqlite
    PostgresSpec postgresql;
    SqliteSpec sqlite;
    std::string snapshots;  // folder; empty: <state>/snapshots
};

struct Pm2Spec {
    std::string bin = "pm2";
    std::string home;               // PM2_HOME; empty: ~user/.pm2
    std::string ecosystem;          // relative to current/ or absolute; used when an app isn't running yet
    std::vector<std::string> apps;  // empty: those of the release's services
};

struct CommandServiceSpec {
    std::string name;
    CommandSpec start;
    CommandSpec stop;
    CommandSpec reload;  // empty: stop, start
    CommandSpec status;  // exit 0: running, 3: stopped; may print "pid=N"
};

struct ServicesSpec {
    std::string kind = "command";  // pm2 | command
    Pm2Spec pm2;
    std::vector<CommandServiceSpec> commands;
    CommandSpec guard_on;  // command kind: keeps services from starting at boot
    CommandSpec guard_off;
    Millis settle{30'000};  // to come up or go down
};

struct RetentionSpec {
    std::uint32_t releases = 3;  // good generations kept besides the active one
    std::uint32_t snapshots = 3;
    std::uint64_t reserve_bytes = 256ULL << 20U;  // disk left free after the upgrade
};

struct WindowSpec {
    std::vector<std::string> days;  // mon … sun; empty: every day
    std::string from;               // "02:00"
    std::string until;              // "05:00"; may wrap past midnight
    std::string zone = "UTC";       // IANA name
};

struct MaintenanceSpec {
    CommandSpec on;
    CommandSpec off;
};

struct NotifierSpec {
    std::string kind = "webhook";  // webhook | command
    std::string url;
    CommandSpec command;
    std::vector<std::string> on;  // results: succeeded, undone, …; empty: all
};

struct AliasSpec {
    std::string name;  // carphacom-upgrade
    Argv command;      // [upgrade]
};

struct AutoSpec {
    std::string allow = "off";  // off | patch | minor
    Millis jitter{0};           // up to that long a random wait
};

struct MigrateSpec {
    bool accept_point_of_no_return = false;  // writes: live with an undeclared migration, accepted by name
};

struct SiteFile {
    std::string id;           // [a-z0-9-]{1,64}
    std::string application;  // empty: not compared
    std::string root;         // absolute
    std::string user;         // builds, migrations, service commands; empty: the invoking user
    std::string layout = "beside";
    std::string current = "current";    // pointer, relative to root
    std::string releases = "releases";  // relative to root
    std::vector<std::string> keep;      // operator-owned paths linked into each release: ".env", "uploads"
    std::string shared;                 // where these live; empty: <root>/shared
    std::string env_file;  // checked for required keys and handed to migrations and builds; empty: <shared>/.env when it exists
    std::map<std::string, std::string> environment;  // extra env for commands; values may be references
    std::string writes = "auto";                     // auto | frozen | live
    SourceSpec source;
    TrustSpec trust;
    std::vector<DatabaseSpec> databases;
    ServicesSpec services;
    RetentionSpec retention;
    std::vector<WindowSpec> windows;
    MaintenanceSpec maintenance;
    std::vector<NotifierSpec> notify;
    std::vector<AliasSpec> aliases;
    AutoSpec automatic;  // key `auto`
    MigrateSpec migrate;
    std::optional<PluginRangeSpec> plugins;
    std::uint32_t parallel = 2;  // prepare steps side by side
    Millis quiesce_limit{30'000};
    Millis undo_limit{30'000};
    std::uint32_t prober_hz = 20;
    ReleaseFile release;  // key `release`: for vendors that ship no release file; layered under the release's own
};

}  // namespace uprev
