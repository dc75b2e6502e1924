// SPDX-License-Identifier: Apache-2.0
// uprev doctor: what is missing on this machine for this site file.
#include "commands/doctor.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/exit_codes.hpp"
#include "commands/exclusive.hpp"
#include "commands/rows.hpp"
#include "os/identity.hpp"

namespace uprev::commands {

namespace {
std::string_view name_of(Symptom::Health health) {
    switch (health) {
        case Symptom::Health::ok:
            return "ok";
        case Symptom::Health::note:
            return "note";
        case Symptom::Health::warning:
            return "warning";
        case Symptom::Health::blocker:
            return "blocker";
    }
    return "";
}

// The active release's own needs where it can be read, else what the site file says.
ReleaseFile release_of(Session& session, Chart& chart) {
    const auto folder = os::Path(session.site().root) / session.site().current;
    auto release = session.release_in(folder);
    if (release) return std::move(*release);
    chart.block("release.file", release.error());
    return session.site().release;
}

void examine(const Globals& globals, Chart& chart, std::string& id) {
    const auto file = find_site_file(globals.site);
    if (!file) return chart.block("site", file.error());
    const auto text = os::make_filesystem()->read(*file, 4U << 20U);
    if (!text) return chart.block("site", text.error());
    const auto config = parse_site({{"site", *file, *text}});
    if (!config) return chart.block("site", config.error());
    chart.ok("site", *file + " is a valid site file");
    id = config->site.id;
    const auto& user = config->site.user;
    if (!user.empty() && !os::find_user(user))
        return chart.block("user", "there is no user '" + user + "' on this machine",
                           "make it, or correct 'user' in the site file");
    auto session = Session::open(place_of(globals, *file), Session::Mode::read);
    if (!session) return chart.block("session", session.error());
    const auto release = release_of(**session, chart);
    examine_machine(**session, release, chart);
    examine_installation(**session, release, chart);
    examine_state(**session, chart);
}

Result<Reply> run(const Globals& globals) {
    Chart chart;
    std::string id;
    examine(globals, chart, id);
    Json rows = Json::array();
    std::string text;
    int blockers = 0;
    int warnings = 0;
    for (const auto& row : chart.rows()) {
        blockers += row.health == Symptom::Health::blocker ? 1 : 0;
        warnings += row.health == Symptom::Health::warning ? 1 : 0;
        rows.push_back({{"severity", name_of(row.health)}, {"id", row.id}, {"message", row.message}, {"fix", row.fix}});
        text += fmt::format("{:<8} {}\n", name_of(row.health), row.message);
        if (!row.fix.empty()) text += fmt::format("         fix: {}\n", row.fix);
    }
    text += blockers > 0 ? fmt::format("\n{} in the way, {} to look at\n", blockers, warnings)
                         : fmt::format("\nnothing stands in the way, {} to look at\n", warnings);
    return Reply{{{"id", id}, {"healthy", blockers == 0}, {"blockers", blockers}, {"warnings", warnings}, {"findings", rows}},
                 text,
                 blockers > 0 ? exit_code(Code::refused) : 0};
}
}  // namespace

CommandRow doctor() {
    return {"doctor", "what is missing on this machine, and how to fix it",
            "Looks at tools, users, files, secrets (never showing one), databases, services, disk and uprev's own state, and "
            "says for each what to do. Changes\n"
            "nothing. Exit code 0 when nothing blocks, 3 otherwise.\n\n"
            "  uprev doctor\n"
            "  uprev doctor --json | jq '.findings[] | select(.severity != \"ok\")'",
            [](CLI::App&) -> Action { return run; }};
}

}  // namespace uprev::commands
