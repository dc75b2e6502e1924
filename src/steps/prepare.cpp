// SPDX-License-Identifier: Apache-2.0
// Dependencies and builds in the new release's folder, as the installation's user; then the seal.
#include <algorithm>
#include <atomic>
#include <future>

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

// Names the folder's log. '+' stands for a slash: folders have underscores and dashes in their names.
std::string part_name(const std::string& path) {
    std::string out = path.empty() ? "root" : path == "root" ? "./root" : path;
    std::replace(out.begin(), out.end(), '/', '+');
    return out;
}

Result<Json> install_one(StepContext& c, const PlannedStep& step, const Install& install, const CommandSpec& command) {
    const auto folder = install.path.empty() ? c.pinned.folder : c.pinned.folder / install.path;
    const auto shown = install.path.empty() ? std::string(".") : install.path;
    c.say("installing in " + shown);
    TRY(c.command(step, command, folder, {}, {}, part_name(install.path)).within("installing in " + shown));
    Json row = {{"path", install.path}};
    if (install.with != nullptr) row["unpinned"] = TRY(install.with->unpinned(folder));
    return row;
}

// At most `parallel` at a time; the first failure lets the running ones end and starts no more. The rows keep the folders' order.
Result<Json> install_all(StepContext& c, const PlannedStep& step, const std::vector<Install>& found) {
    std::vector<Result<Json>> rows(found.size(), Json());
    std::atomic<std::size_t> next{0};
    std::atomic<bool> broken{false};
    const auto work = [&] {
        for (auto i = next++; i < found.size() && !broken; i = next++) {
            rows[i] = install_one(c, step, found[i], found[i].with->install());
            if (!rows[i]) broken = true;
        }
    };
    std::vector<std::future<void>> others;
    const auto lanes = std::min<std::size_t>(std::max(1U, c.pinned.site.parallel), found.size());
    for (std::size_t i = 1; i < lanes; ++i) others.push_back(std::async(std::launch::async, work));
    work();
    for (auto& other : others) other.get();
    Json out = Json::array();
    for (auto& row : rows) out.push_back(TRY(std::move(row)));
    return out;
}
}  // namespace

Result<Json> install_dependencies(StepContext& c, const PlannedStep& step) {
    const auto path = step.args.value("path", "");
    if (path == "*") {
        std::vector<Install> found;
        TRY_VOID(find_lock_files(c, c.pinned.folder, "", search_depth, found));
        return install_all(c, step, found);
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
    Json out = Json::array();
    out.push_back(TRY(install_one(c, step, {path, adapter}, command)));
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
