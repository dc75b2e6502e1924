// SPDX-License-Identifier: Apache-2.0
// The release file's rows of the table of fields (release/fields.hpp).
#pragma once

#include <array>

#include "release/checks.hpp"
#include "release/fields.hpp"
#include "release/release_file.hpp"

namespace uprev {

namespace choices {
inline constexpr std::array<std::string_view, 3> probe_kind{"http", "tcp", "command"};
inline constexpr std::array<std::string_view, 2> role{"web", "worker"};
inline constexpr std::array<std::string_view, 2> after{"", "migrate"};
inline constexpr std::array<std::string_view, 2> dependencies{"npm", "command"};
}  // namespace choices

template <>
struct Fields<CommandSpec> {
    static constexpr std::string_view title = "command";
    static constexpr bool whole = true;  // one thing, not a section: it has one origin
    static constexpr auto shorthand = &CommandSpec::argv;
    static constexpr auto list = std::make_tuple(
        field("argv", &CommandSpec::argv,
              "Program and arguments; no shell reads them. `${…}` is interpolated, each value staying one argument"),
        field("shell", &CommandSpec::shell,
              "Text for `/bin/sh -c`, in place of `argv`. Not interpolated: values arrive as `UPREV_*` variables"),
        field("cwd", &CommandSpec::cwd, "Folder to run in, relative to the release; absent: the release folder",
              {.check = &checks::any_path}),
        field("env", &CommandSpec::env, "Variables for this command; values may be references (`env:NAME`, `file:PATH`)",
              {.check = &checks::reference_or_text}),
        field("limit", &CommandSpec::limit, "How long it may run; then its whole process tree is ended"));
    static std::string complaint(const CommandSpec& command) {
        if (!command.argv.empty() && !command.shell.empty()) return "has both 'argv' and 'shell'; only one of them may stand";
        if (command.empty()) return "needs 'argv' (a list) or 'shell' (text)";
        return command.shell.empty() && command.argv.front().empty() ? "names no program: the first item of 'argv' is empty" : "";
    }
};

template <>
struct Fields<RuntimeSpec> {
    static constexpr std::string_view title = "runtime";
    static constexpr auto named_by = &RuntimeSpec::name;
    static constexpr auto shorthand = &RuntimeSpec::range;
    static constexpr auto list =
        std::make_tuple(field("range", &RuntimeSpec::range, "The versions that will do, as npm writes ranges",
                              {.required = true, .check = &checks::range}));
};

template <>
struct Fields<DependencySpec> {
    static constexpr std::string_view title = "dependency";
    static constexpr auto shorthand = &DependencySpec::path;
    static constexpr auto list =
        std::make_tuple(field("path", &DependencySpec::path, "Folder in the release; `.` is the release itself",
                              {.required = true, .check = &checks::relative_path}),
                        field("with", &DependencySpec::with, "What installs them", {.choices = choices::dependencies}),
                        field("command", &DependencySpec::command, "The install command, for `with: command`"));
    static std::string complaint(const DependencySpec& dependency) {
        const bool by_command = dependency.with == "command";
        if (by_command && dependency.command.empty()) return "says 'with: command' and needs 'command'";
        return !by_command && !dependency.command.empty() ? "has a 'command', which needs 'with: command'" : "";
    }
};

template <>
struct Fields<BuildSpec> {
    static constexpr std::string_view title = "build";
    static constexpr auto named_by = &BuildSpec::name;
    static constexpr auto shorthand = &BuildSpec::command;
    static constexpr auto list = std::make_tuple(
        field("command", &BuildSpec::command, "What builds it; independent builds run side by side", {.required = true}),
        field("after", &BuildSpec::after,
              "`migrate` for a build that needs the migrated database; it then runs while the site is being upgraded",
              {.choices = choices::after}));
};

template <>
struct Fields<MigrationSpec> {
    static constexpr std::string_view title = "migration";
    static constexpr auto list = std::make_tuple(
        field("name", &MigrationSpec::name, "Its name in plans and logs", {.required = true, .check = &checks::name}),
        field("database", &MigrationSpec::database, "The site file's database that it changes; needed where there are several"),
        field("command", &MigrationSpec::command, "What migrates. Runs once; after a crash it is never repeated blindly",
              {.required = true}),
        field("pending", &MigrationSpec::pending,
              "Prints pending migrations, one a line, and changes nothing; run in the new release before anything is stopped, "
              "and shown"),
        field("declared_compatible", &MigrationSpec::declared_compatible,
              "The previous release can serve on every state that this migration goes through, its end included; allows an "
              "upgrade without an outage"));
};

template <>
struct Fields<ProbeSpec> {
    static constexpr std::string_view title = "probe";
    static constexpr auto list = std::make_tuple(
        field("name", &ProbeSpec::name, "Its name in reports"),
        field("kind", &ProbeSpec::kind, "How to ask", {.choices = choices::probe_kind}),
        field("url", &ProbeSpec::url, "Address to ask", {.required = true, .when = "http", .check = &checks::http_url}),
        field("headers", &ProbeSpec::headers, "Request headers; values may be references",
              {.when = "http", .check = &checks::reference_or_text}),
        field("status", &ProbeSpec::status, "The status that must come back", {.when = "http", .least = 100, .most = 599}),
        field("contains", &ProbeSpec::contains, "Text that the body must hold: an unknown path often answers 200 with a web page",
              {.when = "http"}),
        field("json", &ProbeSpec::json, "JSON pointer into the body → the value that must stand there, e.g. `/ok: true`",
              {.when = "http"}),
        field("address", &ProbeSpec::address, "`HOST:PORT` that must accept a connection",
              {.required = true, .when = "tcp", .check = &checks::host_port}),
        field("command", &ProbeSpec::command, "Command that must exit with 0", {.required = true, .when = "command"}),
        field("every", &ProbeSpec::every, "Time between two asks"), field("within", &ProbeSpec::within, "It must hold by then"),
        field("stable", &ProbeSpec::stable, "And keep holding for that long"),
        field("timeout", &ProbeSpec::timeout, "Patience for one ask"));
};

template <>
struct Fields<ServiceSpec> {
    static constexpr std::string_view title = "service";
    static constexpr auto named_by = &ServiceSpec::name;
    static constexpr auto list = std::make_tuple(
        field("role", &ServiceSpec::role, "`web` serves users; `worker` is stopped first and started last",
              {.choices = choices::role}),
        field("health", &ServiceSpec::health, "Probes that must hold before users are let back in"),
        field("version_json", &ServiceSpec::version_json,
              "JSON pointer to the served version in the first health probe's body; absent: not asked",
              {.check = &checks::json_pointer}),
        field("folder", &ServiceSpec::folder, "Folder in the release that it runs from", {.check = &checks::relative_path}));
};

template <>
struct Fields<EnvSpec> {
    static constexpr std::string_view title = "environment";
    static constexpr auto list =
        std::make_tuple(field("required", &EnvSpec::required, "Variables that must be set, checked before anything is touched",
                              {.check = &checks::environment_name}),
                        field("optional", &EnvSpec::optional, "Variables that may be set", {.check = &checks::environment_name}),
                        field("deprecated", &EnvSpec::deprecated, "Old name → what replaces it; a warning when still set"));
};

template <>
struct Fields<PluginRangeSpec> {
    static constexpr std::string_view title = "plugins";
    static constexpr auto shorthand = &PluginRangeSpec::folder;
    static constexpr auto list = std::make_tuple(
        field("folder", &PluginRangeSpec::folder,
              "Folder that holds one folder per plugin, relative to the release; yours to `keep`",
              {.required = true, .check = &checks::any_path}),
        field("manifest", &PluginRangeSpec::manifest, "The manifest's file name in each", {.check = &checks::relative_path}),
        field("min_key", &PluginRangeSpec::min_key, "Manifest key: the lowest application version that it works with"),
        field("max_key", &PluginRangeSpec::max_key, "Manifest key: the highest"),
        field("feed", &PluginRangeSpec::feed,
              "Address of the list of plugin releases, absolute or relative to the source's feed; it is only read, to tell which "
              "plugins have an "
              "update that fits. Absent: updates aren't looked for"));
};

template <>
struct Fields<ReleaseFile> {
    static constexpr std::string_view title = "release";
    static constexpr auto list = std::make_tuple(
        field("version", &ReleaseFile::version, "This release's version; when stated it must equal the artifact's",
              {.check = &checks::version}),
        field("application", &ReleaseFile::application,
              "Name of the application; must equal the site's where both state it, against mix-ups", {.check = &checks::name}),
        field("runtimes", &ReleaseFile::runtimes,
              "What must be installed: name → range. Probed with `NAME --version` before anything is touched"),
        field("dependencies", &ReleaseFile::dependencies,
              "Folders whose dependencies are installed; absent: each folder that holds a lock file"),
        field("builds", &ReleaseFile::builds, "What is built, name → build"),
        field("migrations", &ReleaseFile::migrations, "Database migrations, in this order; the first failure ends it"),
        field("services", &ReleaseFile::services, "What runs, name → service; names as the service manager knows them"),
        field("smoke", &ReleaseFile::smoke, "Probes asked once the services are healthy, before users are let back in"),
        field("environment", &ReleaseFile::environment, "Environment variables of the application"),
        field("upgrade_from", &ReleaseFile::upgrade_from,
              "Versions it can be upgraded from, as ranges, any of which will do; absent: any older", {.check = &checks::range}),
        field("required_stops", &ReleaseFile::required_stops, "Versions that must be visited on the way here",
              {.check = &checks::version}),
        field("schema", &ReleaseFile::schema, "The schema version that it expects; checked after the migrations"),
        field(
            "reads_schema", &ReleaseFile::reads_schema,
            "Schema versions that it can serve on, as words or ranges; decides whether code can go back while the schema stays"),
        field("breaking", &ReleaseFile::breaking, "The operator must agree by name before this release is installed"),
        field("migration_guide", &ReleaseFile::migration_guide, "Address of the guide, shown when consent is asked"),
        field("changelog", &ReleaseFile::changelog, "Address of the changelog"),
        field("notes", &ReleaseFile::notes, "Notes for the operator, acknowledged with `uprev ack`"),
        field("checks", &ReleaseFile::checks, "What the operator should look at before the upgrade"));
};

}  // namespace uprev
