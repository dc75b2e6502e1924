// SPDX-License-Identifier: Apache-2.0
#include "commands/effective.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "release/site_fields.hpp"

namespace uprev {

namespace {
Json shown(const std::string& value, const Rule&) { return value; }
Json shown(bool value, const Rule&) { return value; }
Json shown(std::chrono::milliseconds value, const Rule&) { return format_duration(value); }
Json shown(const Texts& value, const Rule&) { return value; }
Json shown(const TextMap& value, const Rule&) {
    auto json = Json::object();
    for (const auto& [key, text] : value) json[key] = text;
    return json;
}
template <typename T>
requires std::is_integral_v<T> Json shown(T value, const Rule& rule) {
    if (rule.bytes) return format_size(static_cast<std::uint64_t>(value));
    return value;
}
template <Described T>
Json shown(const T& value, const Rule&);
template <typename T>
Json shown(const std::optional<T>& value, const Rule& rule);
template <Described T>
Json shown(const std::vector<T>& value, const Rule& rule) {
    auto json = Named<T> ? Json::object() : Json::array();
    for (const auto& item : value) {
        if constexpr (Named<T>)
            json[item.*Fields<T>::named_by] = shown(item, rule);
        else
            json.push_back(shown(item, rule));
    }
    return json;
}
template <typename T>
Json shown(const std::optional<T>& value, const Rule& rule) {
    return value ? shown(*value, rule) : Json(nullptr);
}
// Flattened members' keys stand beside this struct's own, and only where its kind is theirs.
template <Described T>
Json shown(const T& value, const Rule&) {
    if constexpr (requires { value.empty(); }) {
        if (value.empty()) return nullptr;  // a command that isn't there
    }
    auto json = Json::object();
    std::string kind;
    if constexpr (HasKind<T>) kind = value.kind;
    each_field<T>([&](const auto& f) {
        if (!f.rule.when.empty() && !kind.empty() && f.rule.when != kind) return;
        auto member = shown(value.*(f.member), f.rule);
        if (f.rule.flatten && member.is_object())
            json.update(member);
        else if (!member.is_null())
            json[std::string(f.key)] = std::move(member);
    });
    return json;
}

bool plain(const std::string& text) {
    constexpr std::array<std::string_view, 10> words{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"};
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/'; };
    const auto fine = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; };
    return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), fine) &&
           std::find(words.begin(), words.end(), text) == words.end();
}

std::string scalar(const Json& json) {
    if (json.is_string() && plain(json.get<std::string>())) return json.get<std::string>();
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool flat(const Json& list) {
    return std::none_of(list.begin(), list.end(), [](const auto& item) { return item.is_structured(); });
}

std::string flow(const Json& list) {
    std::string out;
    for (const auto& item : list) out += (out.empty() ? "" : ", ") + scalar(item);
    return "[" + out + "]";
}

void emit(const Json& json, const std::string& indent, std::string& out);

void emit_item(const Json& item, const std::string& indent, std::string& out) {
    std::string block;
    emit(item, indent + "  ", block);
    out += indent + "- " + block.substr(std::min(block.size(), indent.size() + 2));
}

void emit(const Json& json, const std::string& indent, std::string& out) {
    for (const auto& [key, value] : json.items()) {
        const auto name = scalar(Json(key));
        if (value.is_object() && !value.empty()) {
            out += indent + name + ":\n";
            emit(value, indent + "  ", out);
        } else if (value.is_array() && !flat(value)) {
            out += indent + name + ":\n";
            for (const auto& item : value) emit_item(item, indent + "  ", out);
        } else {
            out += indent + name + ": " + (value.is_array() ? flow(value) : scalar(value)) + "\n";
        }
    }
}

bool empty(const Json& json) {
    return json.is_null() || (json.is_string() && json.get_ref<const std::string&>().empty()) ||
           (json.is_structured() && json.empty());
}
}  // namespace

Json effective(const SiteFile& site) { return shown(site, Rule{}); }
Json effective(const ReleaseFile& release) { return shown(release, Rule{}); }

Json without_empty(const Json& json) {
    if (json.is_array()) {
        auto out = Json::array();
        for (const auto& item : json) out.push_back(without_empty(item));
        return out;
    }
    if (!json.is_object()) return json;
    auto out = Json::object();
    for (const auto& [key, value] : json.items())
        if (auto kept = without_empty(value); !empty(kept)) out[key] = std::move(kept);
    return out;
}

std::string as_yaml(const Json& json) {
    std::string out;
    emit(json, "", out);
    return out;
}

}  // namespace uprev
