// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"

namespace uprev {
namespace {

std::string text_of(const Json& from, const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

int number_of(const Json& from, const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_number() ? static_cast<int>(found->get<double>()) : 0;
}

// Set to something that isn't false, empty or "0".
bool set(const Json& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end() || found->is_null() || *found == false || *found == 0) return false;
    return !(found->is_string() &&
             (found->get<std::string>().empty() || found->get<std::string>() == "0" || found->get<std::string>() == "false"));
}

Pm2Worker worker_of(const Json& entry, const Json& env) {
    Pm2Worker worker;
    worker.id = number_of(entry, "pm_id");
    worker.name = text_of(entry, "name");
    worker.pid = number_of(entry, "pid");
    worker.status = text_of(env, "status");
    worker.cluster = text_of(env, "exec_mode").starts_with("cluster");
    worker.cwd = text_of(env, "pm_cwd");
    worker.script = text_of(env, "pm_exec_path");
    worker.interpreter = text_of(env, "exec_interpreter");
    worker.restarts = number_of(env, "restart_time");
    worker.unstable = number_of(env, "unstable_restarts");
    worker.kill_timeout = number_of(env, "kill_timeout");
    worker.comes_back = set(env, "cron_restart") || set(env, "watch");
    worker.error_log = text_of(env, "pm_err_log_path");
    worker.node_env = text_of(env, "NODE_ENV");
    worker.path = text_of(env, "PATH");
    return worker;
}

bool is_list(const Json& list) {
    return list.is_array() && std::all_of(list.begin(), list.end(),
                                          [](const Json& entry) { return entry.is_object() && entry.contains("pm2_env"); });
}

std::optional<Json> list_at(std::string_view text) {
    auto parsed = parse_json(text, "pm2 jlist");
    if (!parsed || !is_list(*parsed)) return std::nullopt;
    return std::move(*parsed);
}

// The list is one line, but a banner without a newline may stand before it.
std::optional<Json> find_list(std::string_view output) {
    auto lines = split(output, '\n');
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        const auto whole = trim(*line);
        for (auto at = whole.find('['); at != std::string_view::npos; at = whole.find('[', at + 1)) {
            const auto rest = whole.substr(at);
            if (!rest.starts_with("[{") && !rest.starts_with("[]")) continue;
            if (auto found = list_at(rest)) return found;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<std::vector<Pm2Worker>> workers_in(const Json& list) {
    if (!is_list(list))
        return fail(Code::unavailable, "pm2 gave no list of processes", "run 'pm2 jlist' by hand as the installation's user");
    std::vector<Pm2Worker> workers;
    for (const auto& entry : list) workers.push_back(worker_of(entry, entry.at("pm2_env")));
    return workers;
}

Result<std::vector<Pm2Worker>> parse_jlist(std::string_view output) {
    const auto list = find_list(output);
    if (!list)
        return fail(Code::unavailable, "'pm2 jlist' printed no list of processes", "run it by hand as the installation's user");
    return workers_in(*list);
}

}  // namespace uprev
