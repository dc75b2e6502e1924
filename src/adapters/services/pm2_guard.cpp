// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_guard.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "os/clock.hpp"
#include "os/lock.hpp"

namespace uprev {
namespace {

constexpr const char* dumps[] = {"dump.pm2", "dump.pm2.bak"};
constexpr std::uint32_t private_mode = 0600;

std::string word(const Json& entry, const char* key) {
    if (!entry.is_object()) return {};
    const auto found = entry.find(key);
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool has(const Json& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(), [&](const Json& entry) { return word(entry, "name") == name; });
}

// What is taken out now is newer than what an earlier call took out under the same name.
void remember(Json& kept, const Json& taken) {
    Json merged = Json::array();
    const auto newer = [&](const Json& old) {
        return std::any_of(taken.begin(), taken.end(),
                           [&](const Json& one) { return word(one.at("app"), "name") == word(old.at("app"), "name"); });
    };
    for (const auto& old : kept) {
        if (!newer(old)) merged.push_back(old);
    }
    for (const auto& one : taken) merged.push_back(one);
    kept = std::move(merged);
}

// Entries that somebody saved meanwhile stay, unless they only say that the app is stopped: that was us.
Json put_back(const Json& list, const Json& kept) {
    const auto taken = [&](const std::string& name) {
        return std::any_of(kept.begin(), kept.end(), [&](const Json& one) { return word(one.at("app"), "name") == name; });
    };
    Json result = Json::array();
    for (const auto& entry : list) {
        if (!(taken(word(entry, "name")) && word(entry, "status") == "stopped")) result.push_back(entry);
    }
    const Json others = result;
    for (const auto& one : kept) {
        if (has(others, word(one.at("app"), "name"))) continue;
        const auto at = std::min(one.at("at").get<std::size_t>(), result.size());
        result.insert(result.begin() + static_cast<std::ptrdiff_t>(at), one.at("app"));
    }
    return result;
}

}  // namespace

Result<Json> Pm2Guard::read(const os::Path& path, Json otherwise) const {
    auto text = files_.read(path);
    if (!text && text.error().code == Code::not_found) return otherwise;
    if (!text) return std::move(text).error();
    auto parsed = parse_json(*text, path.string());
    // The parser's own words could quote an environment variable.
    if (!parsed || parsed->type() != otherwise.type())
        return fail(Code::corrupt, "'" + path.string() + "' is not what PM2 writes", "write it anew with 'pm2 save'");
    return parsed;
}

Result<> Pm2Guard::write(const os::Path& path, const Json& list, std::uint32_t otherwise_mode) {
    const auto info = TRY(files_.info(path));
    return files_.write(path, list.dump(2), info.type == os::FileType::regular ? info.mode : otherwise_mode);
}

// Other installations under the same PM2 have dumps to change as well.
Result<os::Descriptor> Pm2Guard::lock() const {
    constexpr int tries = 600;
    for (int n = 0;; ++n) {
        auto held = os::lock_folder(home_, "PM2's home");
        if (held || held.error().code != Code::conflict || n == tries) return held;
        os::SystemClock().sleep(os::Milliseconds(50));
    }
}

Result<> Pm2Guard::set(const std::string& mark) {
    const auto alone = TRY(lock());
    Json kept = TRY(read(kept_path(mark), Json::object()));
    std::vector<std::pair<os::Path, Json>> changes;
    for (const auto* name : dumps) {
        const auto list = TRY(read(home_ / name, Json::array()));
        Json left = Json::array();
        Json taken = Json::array();
        for (std::size_t at = 0; at < list.size(); ++at) {
            if (ours_(list[at]))
                taken.push_back({{"at", at}, {"app", list[at]}});
            else
                left.push_back(list[at]);
        }
        if (!kept.contains(name)) kept[name] = Json::array();
        if (taken.empty()) continue;
        remember(kept[name], taken);
        changes.emplace_back(home_ / name, std::move(left));
    }
    if (changes.empty()) return {};
    TRY_VOID(write(kept_path(mark), kept, private_mode));
    for (const auto& [path, list] : changes) TRY_VOID(write(path, list, private_mode));
    return {};
}

Result<> Pm2Guard::remove(const std::string& mark) {
    const auto alone = TRY(lock());
    const Json kept = TRY(read(kept_path(mark), Json::object()));
    for (const auto* name : dumps) {
        if (!kept.contains(name) || kept.at(name).empty()) continue;
        const auto list = TRY(read(home_ / name, Json::array()));
        TRY_VOID(write(home_ / name, put_back(list, kept.at(name)), private_mode));
    }
    return files_.remove_tree(kept_path(mark));
}

Result<> Pm2Guard::rewrite(const std::function<bool(Json&)>& straighten) {
    const auto alone = TRY(lock());
    for (const auto* name : dumps) {
        Json list = TRY(read(home_ / name, Json::array()));
        bool changed = false;
        for (auto& entry : list) changed = (ours_(entry) && straighten(entry)) || changed;
        if (changed) TRY_VOID(write(home_ / name, list, private_mode));
    }
    return {};
}

}  // namespace uprev
