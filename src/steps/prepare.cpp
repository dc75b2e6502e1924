// SPDX-License-Identifier: Apache-2.0
// Dependencies and builds in the new release's folder, as the installation's user; then the seal.
#include <algorithm>

#include "preflight/manifest.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

namespace {
constexpr int search_depth = 3;

struct Install {
    std::string path;  // relative to the release folder; empty: the folder itself
    const Dependencies* with;
};

Result<> find_lock_files(StepContext& c, const os::Path& folder, const std::string& relative, int depth,
                         std::vector<Install>& found) {
    const auto names = TRY(c.ports.fs->list(folder));
    for (const auto* adapter : c.ports.dependencies)
        if (!adapter->lock_file().empty() && std::find(names.begin(), names.end(), adapter->lock_file()) != names.end()) {
            found.push_back({relative, adapter});
            break;
        }
    if (depth == 0) return {};
    for (const auto& name : names) {
        if (name == "node_modules" || name.starts_with(".")) continue;
        if (TRY(c.ports.fs->info(folder / name)).type != os::FileType::folder) continue;
        TRY_VOID(find_lock_files(c, folder / name, relative.empty() ? name : relative + "/" + name, depth - 1, found));
    }
    return {};
}

const Dependencies* adapter_named(StepContext& c, const std::string& name) {
    for (const auto* adapter : c.ports.dependencies)
        if (adapter->name() == name) return adapter;
    return nullptr;
}

std::string part_name(const std::string& path) {
    std::string out = path.empty() ? "root" : path;
    std::replace(out.begin(), out.end(), '/', '_');
    return out;
}

Result<> install_one(StepContext& c, const PlannedStep& step, const Install& install, const CommandSpec& command, Json& out) {
    const auto folder = install.path.empty() ? c.pinned.folder : c.pinned.folder / install.path;
    c.say("installing in " + (install.path.empty() ? std::string(".") : install.path));
    TRY(c.command(step, command, folder, {}, {}, part_name(install.path)));
    Json row = {{"path", install.path}};
    if (install.with != nullptr) row["unpinned"] = TRY(install.with->unpinned(folder));
    out.push_back(std::move(row));
    return {};
}
}  // namespace

Result<Json> install_dependencies(StepContext& c, const PlannedStep& step) {
    Json out = Json::array();
    const auto path = step.args.value("path", "");
    if (path == "*") {
        std::vector<Install> found;
        TRY_VOID(find_lock_files(c, c.pinned.folder, "", search_depth, found));
        for (const auto& install : found) TRY_VOID(install_one(c, step, install, install.with->install(), out));
        return out;
    }
    const auto with = step.args.value("with", "npm");
    const auto* adapter = adapter_named(c, with);
    CommandSpec command;
    command.argv = step.args.value("command", Argv{});
    command.shell = step.args.value("shell", "");
    if (command.empty()) {
        if (adapter == nullptr)
            return fail(Code::invalid, "no dependency adapter is called '" + with + "'",
                        "use one of npm, pnpm, yarn, pip, command");
        command = adapter->install();
    }
    TRY_VOID(install_one(c, step, {path, adapter}, command, out));
    return out;
}

Result<Json> build(StepContext& c, const PlannedStep& step) {
    const auto name = step.args.value("name", "");
    const auto& builds = c.pinned.release.builds;
    const auto found = std::find_if(builds.begin(), builds.end(), [&](const auto& b) { return b.name == name; });
    if (found == builds.end()) return fail(Code::bug, "the pinned release has no build '" + name + "'");
    const auto outcome = TRY(c.command(step, found->command, c.pinned.folder));
    return Json{{"took_ms", outcome.took.count()}};
}

Result<Json> seal(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.fs->sync_tree(c.pinned.folder));
    const auto count = TRY(write_manifest(*c.ports.fs, c.pinned.folder, c.ports.manifests));
    return Json{{"files", count}};
}

}  // namespace uprev::steps
