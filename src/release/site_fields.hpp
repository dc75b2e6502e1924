// SPDX-License-Identifier: Apache-2.0
// The site file's rows of the table of fields (release/fields.hpp).
#pragma once

#include <array>

#include "release/release_fields.hpp"
#include "release/site_file.hpp"

namespace uprev {

namespace choices {
inline constexpr std::array<std::string_view, 1> layout{"beside"};
inline constexpr std::array<std::string_view, 3> writes{"auto", "frozen", "live"};
inline constexpr std::array<std::string_view, 1> source{"feed"};
inline constexpr std::array<std::string_view, 2> trust{"sha256", "minisign"};
inline constexpr std::array<std::string_view, 2> database{"postgresql", "sqlite"};
inline constexpr std::array<std::string_view, 2> services{"pm2", "command"};
inline constexpr std::array<std::string_view, 2> notifier{"webhook", "command"};
inline constexpr std::array<std::string_view, 3> automatic{"off", "patch", "minor"};
inline constexpr std::array<std::string_view, 7> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
inline constexpr std::array<std::string_view, 6> results{"succeeded", "degraded", "undone",
                                                         "abandoned", "refused",  "needs_operator"};
}  // namespace choices

template <>
struct Fields<FeedSpec> {
    static constexpr std::string_view title = "feed";
    static constexpr auto list = std::make_tuple(
        field("url", &FeedSpec::url,
              "The vendor's feed, or the absolute path of a folder that holds `feed.json` and the artifacts",
              {.required = true, .check = &checks::feed_url}),
        field("artifact", &FeedSpec::artifact, "Address of the tarball where the feed names none; `${version}` is filled in"),
        field("signature", &FeedSpec::signature,
              "Address of its minisign signature where the feed names none; `${artifact}` and `${version}` are filled in"),
        field("release_file", &FeedSpec::release_file,
              "Address of the release file published beside the artifact; absent: it is read from the artifact"),
        field("headers", &FeedSpec::headers,
              "Request headers; credentials only as references. They do not follow a redirect to another host",
              {.check = &checks::reference_or_text}),
        field("ca_file", &FeedSpec::ca_file, "Certificate authorities for this source; absent: the system's",
              {.check = &checks::absolute_path}),
        field("allow_plain_http", &FeedSpec::allow_plain_http, "Allow `http:`; the signature is then the only protection"),
        field("allow_private_addresses", &FeedSpec::allow_private_addresses, "Allow loopback, link-local and private addresses"),
        field("max_artifact_bytes", &FeedSpec::max_artifact_bytes, "Largest tarball", {.bytes = true}),
        field("max_unpacked_bytes", &FeedSpec::max_unpacked_bytes, "Largest release, unpacked", {.bytes = true}),
        field("max_entries", &FeedSpec::max_entries, "Most files and folders in a release", {.least = 1, .most = 100'000'000}),
        field("rate", &FeedSpec::rate, "Download speed, per second, at most; `0`: no limit", {.bytes = true}),
        field("timeout", &FeedSpec::timeout, "Patience for the feed and small files"),
        field("download_timeout", &FeedSpec::download_timeout, "Patience for the artifact"));
};

template <>
struct Fields<SourceSpec> {
    static constexpr std::string_view title = "source";
    static constexpr auto list = std::make_tuple(
        field("kind", &SourceSpec::kind, "How releases are published", {.choices = choices::source}),
        field("channel", &SourceSpec::channel, "Only releases of this channel are seen", {.check = &checks::channel}),
        field("feed", &SourceSpec::feed, "", {.flatten = true, .when = "feed"}));
};

template <>
struct Fields<MinisignTrust> {
    static constexpr std::string_view title = "minisign";
    static constexpr auto list = std::make_tuple(
        field("keys", &MinisignTrust::keys, "Public keys (the second line of `minisign.pub`); any one of them suffices",
              {.check = &checks::minisign_key}),
        field("allow_legacy", &MinisignTrust::allow_legacy, "Accept signatures that are not prehashed"),
        field("trusted_comment", &MinisignTrust::trusted_comment,
              "What the signed comment must contain, e.g. `version:${version}`: an older artifact, validly signed, is then no "
              "answer; absent: not compared"));
};

template <>
struct Fields<TrustSpec> {
    static constexpr std::string_view title = "trust";
    static constexpr auto list =
        std::make_tuple(field("require", &TrustSpec::require, "Every one of these must hold before a byte of a release is used",
                              {.choices = choices::trust}),
                        field("minisign", &TrustSpec::minisign, "Whose signatures count"));
    static std::string complaint(const TrustSpec& trust) {
        return trust.require.empty() ? "requires nothing; name at least one of 'sha256' and 'minisign' in 'require'" : "";
    }
};

template <>
struct Fields<PostgresSpec> {
    static constexpr std::string_view title = "postgresql";
    static constexpr auto list = std::make_tuple(
        field("url", &PostgresSpec::url, "How uprev itself connects: a reference, or an address without a password",
              {.required = true, .check = &checks::database_url}),
        field("as", &PostgresSpec::as, "User of this machine for the database's tools and for peer authentication",
              {.check = &checks::user}),
        field("url_env", &PostgresSpec::url_env,
              "The variable through which the application and its migrations get their address",
              {.check = &checks::environment_name}),
        field("bin", &PostgresSpec::bin, "Folder of `pg_dump` and `pg_restore`; absent: PATH, then the newest of the system's",
              {.check = &checks::absolute_path}),
        field("schema_query", &PostgresSpec::schema_query,
              "Query that gives the schema version as one row of one column; absent: not known"));
};

template <>
struct Fields<SqliteSpec> {
    static constexpr std::string_view title = "sqlite";
    static constexpr auto list =
        std::make_tuple(field("path", &SqliteSpec::path, "The database file; `${root}` is filled in",
                              {.required = true, .check = &checks::any_path}),
                        field("schema_query", &SqliteSpec::schema_query,
                              "Query that gives the schema version, e.g. `PRAGMA user_version`; absent: not known"));
};

template <>
struct Fields<DatabaseSpec> {
    static constexpr std::string_view title = "database";
    static constexpr auto named_by = &DatabaseSpec::name;
    static constexpr auto list =
        std::make_tuple(field("kind", &DatabaseSpec::kind, "Which database", {.required = true, .choices = choices::database}),
                        field("postgresql", &DatabaseSpec::postgresql, "", {.flatten = true, .when = "postgresql"}),
                        field("sqlite", &DatabaseSpec::sqlite, "", {.flatten = true, .when = "sqlite"}),
                        field("snapshots", &DatabaseSpec::snapshots, "Folder for its snapshots; absent: in uprev's state folder",
                              {.check = &checks::absolute_path}));
};

template <>
struct Fields<Pm2Spec> {
    static constexpr std::string_view title = "pm2";
    static constexpr auto list = std::make_tuple(
        field("bin", &Pm2Spec::bin, "The `pm2` to run", {.check = &checks::any_path}),
        field("home", &Pm2Spec::home, "PM2_HOME; absent: `.pm2` in the home of `user`", {.check = &checks::absolute_path}),
        field("ecosystem", &Pm2Spec::ecosystem,
              "Ecosystem file, relative to the pointer or absolute; used when an app isn't running yet",
              {.check = &checks::any_path}),
        field("apps", &Pm2Spec::apps,
              "This installation's apps; absent: those of the release's services. Others are never touched"));
};

template <>
struct Fields<CommandServiceSpec> {
    static constexpr std::string_view title = "command service";
    static constexpr auto named_by = &CommandServiceSpec::name;
    static constexpr auto list =
        std::make_tuple(field("start", &CommandServiceSpec::start, "Starts it and returns", {.required = true}),
                        field("stop", &CommandServiceSpec::stop, "Stops it", {.required = true}),
                        field("reload", &CommandServiceSpec::reload, "Moves it onto the new release; absent: stop, then start"),
                        field("status", &CommandServiceSpec::status,
                              "Exits with 0 when it runs, 3 when it is stopped; may print `pid=N`", {.required = true}));
};

template <>
struct Fields<ServicesSpec> {
    static constexpr std::string_view title = "services";
    static constexpr auto list =
        std::make_tuple(field("kind", &ServicesSpec::kind, "Which service manager", {.choices = choices::services}),
                        field("pm2", &ServicesSpec::pm2, "", {.flatten = true, .when = "pm2"}),
                        field("commands", &ServicesSpec::commands, "Name → the commands that start, stop and observe the service",
                              {.when = "command"}),
                        field("guard_on", &ServicesSpec::guard_on,
                              "Keeps the services from starting at boot while an upgrade is in the middle", {.when = "command"}),
                        field("guard_off", &ServicesSpec::guard_off, "Takes that away again", {.when = "command"}),
                        field("settle", &ServicesSpec::settle, "Patience for a service to come up or go down"));
};

template <>
struct Fields<RetentionSpec> {
    static constexpr std::string_view title = "retention";
    static constexpr auto list = std::make_tuple(
        field("releases", &RetentionSpec::releases, "Good releases kept besides the active one; the last good one always stays",
              {.least = 1, .most = 1000}),
        field("snapshots", &RetentionSpec::snapshots, "Snapshot sets kept", {.least = 1, .most = 1000}),
        field("reserve_bytes", &RetentionSpec::reserve_bytes, "Disk that must be left free after an upgrade", {.bytes = true}));
};

template <>
struct Fields<WindowSpec> {
    static constexpr std::string_view title = "window";
    static constexpr auto list = std::make_tuple(
        field("days", &WindowSpec::days, "Days on which it opens; absent: every day", {.choices = choices::days}),
        field("from", &WindowSpec::from, "Opens at", {.required = true, .check = &checks::time_of_day}),
        field("until", &WindowSpec::until, "Closes at; earlier than `from`: on the next day. `24:00` is the end of the day",
              {.required = true, .check = &checks::time_of_day}),
        field("zone", &WindowSpec::zone, "Time zone, by its IANA name", {.check = &checks::zone}));
    static std::string complaint(const WindowSpec& window) {
        return window.from == window.until ? "opens and closes at the same time; write 00:00 until 24:00 for a whole day" : "";
    }
};

template <>
struct Fields<MaintenanceSpec> {
    static constexpr std::string_view title = "maintenance";
    static constexpr auto list =
        std::make_tuple(field("on", &MaintenanceSpec::on, "Shows users that the site is being worked on"),
                        field("off", &MaintenanceSpec::off, "Takes that away; always run, also when an upgrade fails"));
    static std::string complaint(const MaintenanceSpec& maintenance) {
        return maintenance.on.empty() != maintenance.off.empty()
                   ? "needs both 'on' and 'off': what is switched on must be put back"
                   : "";
    }
};

template <>
struct Fields<NotifierSpec> {
    static constexpr std::string_view title = "notifier";
    static constexpr auto list = std::make_tuple(
        field("kind", &NotifierSpec::kind, "How to tell", {.choices = choices::notifier}),
        field("url", &NotifierSpec::url, "Gets the report as JSON by POST; may be a reference, for addresses that are secrets",
              {.required = true, .when = "webhook"}),
        field("command", &NotifierSpec::command, "Gets the report as JSON on its standard input",
              {.required = true, .when = "command"}),
        field("on", &NotifierSpec::on, "Only for these results; absent: all", {.choices = choices::results}));
    static std::string complaint(const NotifierSpec& notifier) {
        if (notifier.kind != "webhook" || checks::is_reference(notifier.url)) return "";
        const auto complaint = checks::http_url.complaint(notifier.url);
        return complaint.empty() ? "" : "has a 'url' that " + complaint;
    }
};

template <>
struct Fields<AliasSpec> {
    static constexpr std::string_view title = "alias";
    static constexpr auto named_by = &AliasSpec::name;
    static constexpr auto shorthand = &AliasSpec::command;
    static constexpr auto list = std::make_tuple(
        field("command", &AliasSpec::command,
              "The uprev command, with flags, that the alias stands for; further arguments are appended", {.required = true}));
    static std::string complaint(const AliasSpec& alias) { return alias.command.empty() ? "names no command" : ""; }
};

template <>
struct Fields<AutoSpec> {
    static constexpr std::string_view title = "auto";
    static constexpr auto shorthand = &AutoSpec::allow;
    static constexpr auto list = std::make_tuple(
        field("allow", &AutoSpec::allow, "What `uprev auto` may install unattended; a breaking release never",
              {.choices = choices::automatic}),
        field("jitter", &AutoSpec::jitter, "Waits a random time of up to this long, so that a fleet doesn't ask at once"));
};

template <>
struct Fields<MigrateSpec> {
    static constexpr std::string_view title = "migrate";
    static constexpr auto list = std::make_tuple(field("accept_point_of_no_return", &MigrateSpec::accept_point_of_no_return,
                                                       "With `writes: live`, run a migration that isn't declared compatible: "
                                                       "there is no way back from it without losing writes"));
};

template <>
struct Fields<SiteFile> {
    static constexpr std::string_view title = "site";
    static constexpr auto list = std::make_tuple(
        field("id", &SiteFile::id, "The installation's name on this machine",
              {.required = true, .check = &checks::installation_id}),
        field("application", &SiteFile::application,
              "The application's name, compared with the release file's; absent: not compared", {.check = &checks::name}),
        field("root", &SiteFile::root, "Where the installation lives", {.required = true, .check = &checks::absolute_path}),
        field("user", &SiteFile::user, "Who builds, migrates and runs the services; absent: who starts uprev",
              {.check = &checks::user}),
        field("layout", &SiteFile::layout, "`beside`: release folders and a pointer that is swapped",
              {.choices = choices::layout}),
        field("current", &SiteFile::current, "The pointer, relative to `root`", {.check = &checks::relative_path}),
        field("releases", &SiteFile::releases, "Folder of the releases, relative to `root`", {.check = &checks::relative_path}),
        field("keep", &SiteFile::keep, "The operator's own files and folders, linked into each release, e.g. `.env`, `uploads`",
              {.check = &checks::relative_path}),
        field("shared", &SiteFile::shared, "Where those live; absent: `shared` in `root`", {.check = &checks::absolute_path}),
        field(
            "env_file", &SiteFile::env_file,
            "The application's variables, checked and handed to builds and migrations; absent: `.env` in `shared`, if it exists",
            {.check = &checks::absolute_path}),
        field("environment", &SiteFile::environment,
              "Further variables for commands; secrets only as references (`env:NAME`, `file:PATH`)",
              {.check = &checks::reference_or_text}),
        field("writes", &SiteFile::writes,
              "`frozen`: writers are stopped from the snapshot until the gate held. `live`: no outage, no restore. `auto`: live "
              "where every migration is declared compatible",
              {.choices = choices::writes}),
        field("source", &SiteFile::source, "Where releases are published", {.required = true}),
        field("trust", &SiteFile::trust, "What a release must prove before it is used"),
        field("databases", &SiteFile::databases,
              "Name → database; all of them are backed up together, and restored together or not at all"),
        field("services", &SiteFile::services, "The service manager"), field("retention", &SiteFile::retention, "What is kept"),
        field("windows", &SiteFile::windows, "When breaking and automatic upgrades may run; absent: always"),
        field("maintenance", &SiteFile::maintenance, "Maintenance mode, around an outage"),
        field("notify", &SiteFile::notify, "Who is told what an operation came to"),
        field("aliases", &SiteFile::aliases,
              "The vendor's own command names, name → uprev command; installed by `uprev alias install`"),
        field("auto", &SiteFile::automatic, "Automatic upgrades"),
        field("migrate", &SiteFile::migrate, "How far migrations may go"),
        field("plugins", &SiteFile::plugins, "Plugins whose manifests say which application versions they work with"),
        field("parallel", &SiteFile::parallel, "Installs and builds at the same time", {.least = 1, .most = 64}),
        field("quiesce_limit", &SiteFile::quiesce_limit, "Patience for services to finish what they do before they are stopped"),
        field("undo_limit", &SiteFile::undo_limit,
              "Patience, while going back, with a database, a service manager or a disk that fails; then the operation stands "
              "half-way until `uprev resume`"),
        field("prober_hz", &SiteFile::prober_hz, "How often a second each health address is asked while downtime is measured",
              {.least = 1, .most = 100}),
        field("release", &SiteFile::release,
              "The release file's keys, for a vendor that ships none; they win over the vendor's"));
};

}  // namespace uprev
