// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "commands/doctor.hpp"
#include "os/identity.hpp"
#include "os/worker.hpp"

namespace uprev {

namespace {
bool executable(const os::Path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    return !error && status.type() == std::filesystem::file_type::regular &&
           (status.permissions() & std::filesystem::perms::owner_exec) != std::filesystem::perms::none;
}

os::Path found_in(const std::vector<std::string>& folders, const std::string& tool) {
    for (const auto& folder : folders)
        if (executable(os::Path(folder) / tool)) return os::Path(folder) / tool;
    return {};
}

std::vector<std::string> postgresql_folders() {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error))
        out.push_back((entry.path() / "bin").string());
    std::sort(out.rbegin(), out.rend());
    return out;
}

class Machine {
   public:
    Machine(Session& session, const ReleaseFile& release, Chart& chart)
        : session_(session), site_(session.site()), release_(release), chart_(chart) {
        const auto environment = command_environment(site_, site_.root, "");
        if (environment) environment_ = environment->values;  // else a finding of the installation
        path_ = split(environment_.contains("PATH") ? environment_["PATH"] : "/usr/local/bin:/usr/bin:/bin", ':');
    }

    void all() {
        shim();
        wanted_tools();
        databases();
        runtimes();
        identity();
        clock();
        boot_unit();
    }

   private:
    void shim() {
        const auto self = os::own_executable().parent_path();
        const bool there = executable(self / "uprev-shim") || executable(self.parent_path() / "libexec/uprev/uprev-shim");
        if (!there)
            chart_.block("tool.uprev-shim",
                         "uprev-shim is neither beside " + os::own_executable().string() + " nor in ../libexec/uprev",
                         "install uprev again");
    }

    void need(const std::string& program, const std::string& why) {
        if (program.empty() || program.find("${") != std::string::npos || !asked_.insert(program).second) return;
        if (program.find('/') != std::string::npos) {
            if (program.starts_with('/') && !executable(program))
                chart_.block("tool." + program, program + " can't be run: " + why,
                             "install it, or correct the file that names it");
            return;
        }
        const auto place = found_in(path_, program);
        if (place.empty())
            return chart_.block("tool." + program, "'" + program + "' isn't installed: " + why,
                                "install it where the installation's user finds it (PATH " + join(path_, ":") + ")");
        chart_.ok("tool." + program, program + " is " + place.string() + version_text(place));
    }

    // Asked only of tools that do nothing else when asked. PM2 would start a daemon.
    std::string version_text(const os::Path& tool) const {
        const std::set<std::string> harmless{"node", "npm", "python3", "pg_dump", "pg_restore"};
        if (!harmless.contains(tool.filename().string())) return {};
        os::Command command;
        command.argv = {tool.string(), "--version"};
        command.env = environment_;
        command.user = site_.user;
        command.limit = std::chrono::seconds(10);
        const auto seen = os::capture(command);
        if (!seen || !seen->outcome.ok()) return ", but does not say its version";
        return " (" + std::string(trim(seen->output)) + ")";
    }

    void need(const CommandSpec& command, const std::string& why) {
        if (!command.argv.empty()) need(command.argv.front(), why);
    }

    bool installs_with_npm() const {
        if (release_.dependencies)
            return std::any_of(release_.dependencies->begin(), release_.dependencies->end(),
                               [](const auto& d) { return d.with == "npm"; });
        const auto active = os::Path(site_.root) / site_.current / "";
        std::error_code error;
        if (std::filesystem::exists(active / "package-lock.json", error)) return true;
        for (const auto& entry : std::filesystem::directory_iterator(active, error))
            if (std::filesystem::exists(entry.path() / "package-lock.json", error)) return true;
        return false;
    }

    void wanted_tools() {
        if (installs_with_npm()) {
            need("node", "the release's packages need it");
            need("npm", "the release's packages are installed with it");
        }
        for (const auto& build : release_.builds) need(build.command, "build '" + build.name + "' runs it");
        for (const auto& migration : release_.migrations) need(migration.command, "migration '" + migration.name + "' runs it");
        if (site_.services.kind == "pm2") {
            need("node", "PM2 needs it");
            need(site_.services.pm2.bin, "the services run under it");
        }
        if (site_.services.kind != "command") return;
        for (const auto& service : site_.services.commands) {
            need(service.start, "service '" + service.name + "' is started with it");
            need(service.stop, "service '" + service.name + "' is stopped with it");
            need(service.status, "service '" + service.name + "' is asked with it");
        }
    }

    void databases() {
        for (const auto& database : site_.databases) {
            if (database.kind != "postgresql") continue;
            auto folders = database.postgresql.bin.empty() ? path_ : std::vector<std::string>{database.postgresql.bin};
            if (database.postgresql.bin.empty())
                for (const auto& folder : postgresql_folders()) folders.push_back(folder);
            for (const std::string tool : {"pg_dump", "pg_restore"}) {
                const auto place = found_in(folders, tool);
                if (place.empty())
                    chart_.block("tool." + tool, "'" + tool + "' isn't there: snapshots of '" + database.name + "' need it",
                                 "apt-get install postgresql-client, or name its folder as 'bin'");
                else if (asked_.insert(tool).second)
                    chart_.ok("tool." + tool, tool + " is " + place.string() + version_text(place));
            }
        }
    }

    void runtimes() {
        for (const auto& runtime : release_.runtimes) need(runtime.name, "the release needs " + runtime.range);
    }

    void identity() {
        if (os::machine_id() == "unknown")
            chart_.warn("machine", "this machine has no /etc/machine-id, so a clone of it can't be told apart",
                        "systemd-machine-id-setup");
        if (os::is_root() || site_.user.empty()) return;
        chart_.note("rights", "run as " + os::current_user().name + ": what only root can see was not looked at",
                    "sudo uprev doctor");
    }

    void clock() {
        constexpr std::int64_t written = 1'767'225'600'000;  // 2026-01-01: this program is younger than that
        const auto now = session_.clock().wall_ms();
        if (now < written)
            return chart_.block("clock", "the clock says " + os::iso8601(now) + ", which can't be",
                                "set it: certificates and windows depend on it");
        auto journal = session_.journal();
        if (!journal) return;
        const auto last = (*journal)->operations(1);
        if (last && !last->empty() && last->front().created_ms > now + 60'000)
            chart_.warn(
                "clock",
                "the clock says " + os::iso8601(now) + ", but an operation began on " + os::iso8601(last->front().created_ms),
                "set the clock, or look at the history with care");
    }

    void boot_unit() {
        std::error_code error;
        if (!std::filesystem::exists("/run/systemd/system", error))
            return chart_.note("boot", "systemd doesn't run here: nothing recovers an operation that a reboot cut off",
                               "run 'uprev resume --boot' before the services start");
        const auto instance = os::Path(session_.place().site_file).stem().string();
        const auto unit = "uprev-recover@" + instance + ".service";
        for (const char* folder :
             {"/etc/systemd/system/multi-user.target.wants/", "/run/systemd/system/multi-user.target.wants/"})
            if (std::filesystem::exists(std::filesystem::symlink_status(folder + unit, error)))
                return chart_.ok("boot", unit + " recovers before the services start");
        chart_.warn("boot", unit + " is not enabled: after a reboot in the middle of an operation nothing recovers it",
                    "systemctl enable " + unit + ", and order the services after it (contrib/systemd)");
    }

    Session& session_;
    const SiteFile& site_;
    const ReleaseFile& release_;
    Chart& chart_;
    std::map<std::string, std::string> environment_;
    std::vector<std::string> path_;
    std::set<std::string> asked_;
};
}  // namespace

void examine_machine(Session& session, const ReleaseFile& release, Chart& chart) { Machine(session, release, chart).all(); }

}  // namespace uprev
