// SPDX-License-Identifier: Apache-2.0
#include "engine/step_kind.hpp"
#include "os/identity.hpp"
#include "os/secrets.hpp"
#include "release/config.hpp"

namespace uprev {

namespace {
std::string env_file_of(const SiteFile& site) {
    if (!site.env_file.empty()) return site.env_file;
    return (site.shared.empty() ? site.root + "/shared" : site.shared) + "/.env";
}
}  // namespace

Result<CommandEnvironment> command_environment(const SiteFile& site, const os::Path& release_folder, const std::string& version) {
    CommandEnvironment out;
    const auto user = TRY(os::find_user(site.user));
    out.values = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                  {"HOME", user.home},
                  {"USER", user.name},
                  {"LOGNAME", user.name},
                  {"LANG", "C.UTF-8"},
                  {"TZ", "UTC"}};
    auto file = os::read_env_file(env_file_of(site));
    if (!file && file.error().code != Code::not_found) return std::move(file).error();
    if (file)
        for (auto& [key, value] : *file) out.values[key] = value;
    out.secrets = file ? os::secrets_of(*file) : std::vector<std::string>{};
    for (const auto& [key, reference] : site.environment) {
        auto revealed = TRY(os::reveal(reference));
        if (revealed.secret) out.secrets.push_back(revealed.value);
        out.values[key] = std::move(revealed.value);
    }
    out.values["UPREV_VERSION"] = version;
    out.values["UPREV_RELEASE_DIR"] = release_folder.string();
    out.values["UPREV_ROOT"] = site.root;
    return out;
}

os::Path StepContext::record(const PlannedStep& step, std::string_view part) const {
    auto folder = pinned.work / "steps" / step.id;
    if (!part.empty()) folder /= part;
    return folder;
}

Result<os::Outcome> StepContext::command(const PlannedStep& step, const CommandSpec& spec, const os::Path& folder,
                                         const std::map<std::string, std::string>& more, const std::vector<std::string>& secrets,
                                         std::string_view part) {
    auto environment = TRY(command_environment(pinned.site, folder, plan.to));
    for (const auto& [key, reference] : spec.env) {
        auto revealed = TRY(os::reveal(reference));
        if (revealed.secret) environment.secrets.push_back(revealed.value);
        environment.values[key] = std::move(revealed.value);
    }
    for (const auto& [key, value] : more) environment.values[key] = value;
    const std::map<std::string, std::string> names{{"version", plan.to},
                                                   {"release_dir", folder.string()},
                                                   {"root", pinned.site.root},
                                                   {"current", pinned.site.root + "/" + pinned.site.current}};
    os::Command command;
    if (!spec.shell.empty()) command.argv = {"/bin/sh", "-c", spec.shell};
    for (const auto& argument : spec.argv) command.argv.push_back(TRY(interpolate(argument, names)));
    command.env = std::move(environment.values);
    command.masked = std::move(environment.secrets);
    command.masked.insert(command.masked.end(), secrets.begin(), secrets.end());
    command.cwd = spec.cwd.empty() ? folder : folder / spec.cwd;
    command.user = pinned.site.user;
    command.limit = spec.limit;
    command.record = record(step, part);
    const bool once = step.kind == "migrate.run";
    command.durable_result = once;
    auto outcome = TRY(ports.processes->run(command, once ? std::function<bool()>() : cancelled));
    if (outcome.ok()) return outcome;
    std::string shown;
    for (const auto& word : command.argv) shown += (shown.empty() ? "" : " ") + word;
    return fail(outcome.expired ? Code::timeout : Code::failed,
                "'" + shown + "' in " + command.cwd.string() + ": " + outcome.describe() +
                    (outcome.tail.empty() ? "" : "\n" + outcome.tail),
                "see 'uprev logs " + step.id + "'");
}

}  // namespace uprev
