// SPDX-License-Identifier: Apache-2.0
#include "commands/operation_logs.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace uprev {

namespace {
void add(const os::FileSystem& fs, const std::string& step, const std::string& part, const os::Path& file,
         std::vector<StepLog>& out) {
    const auto info = fs.info(file);
    if (info && info->type == os::FileType::regular) out.push_back({step, part, file, info->size});
}

template <typename Fits>
std::vector<StepLog> those(const std::vector<StepLog>& logs, const Fits& fits) {
    std::vector<StepLog> out;
    std::copy_if(logs.begin(), logs.end(), std::back_inserter(out), fits);
    return out;
}

std::string steps_of(const std::vector<StepLog>& logs) {
    std::set<std::string> names;
    for (const auto& log : logs) names.insert(log.step);
    return join({names.begin(), names.end()}, ", ");
}
}  // namespace

Result<std::vector<StepLog>> find_logs(const os::FileSystem& fs, const os::Path& folder) {
    std::vector<StepLog> out;
    const auto steps = fs.list(folder / "steps");
    if (!steps && steps.error().code != Code::not_found) return steps.error();
    for (const auto& step : steps ? *steps : std::vector<std::string>()) {
        add(fs, step, "", folder / "steps" / step / "output.log", out);
        const auto parts = fs.list(folder / "steps" / step);
        for (const auto& part : parts ? *parts : std::vector<std::string>())
            add(fs, step, part, folder / "steps" / step / part / "output.log", out);
    }
    add(fs, "worker", "", folder / "worker.log", out);
    return out;
}

Result<std::vector<StepLog>> choose_logs(const std::vector<StepLog>& logs, const std::string& wanted) {
    auto exact = those(logs, [&](const auto& log) { return log.step == wanted || log.name() == wanted; });
    if (!exact.empty()) return exact;
    auto near = those(logs, [&](const auto& log) { return log.name().starts_with(wanted); });
    if (near.empty())
        return fail(Code::not_found, "no step '" + wanted + "' of this operation ran a command",
                    logs.empty() ? "none did so far" : "there are: " + steps_of(logs));
    const bool one = std::all_of(near.begin(), near.end(), [&](const auto& log) { return log.step == near.front().step; });
    if (!one) return fail(Code::invalid, "'" + wanted + "' may be any of: " + steps_of(near), "write more of it");
    return near;
}

}  // namespace uprev
