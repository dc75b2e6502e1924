// SPDX-License-Identifier: Apache-2.0
// The JSON that the journal pins: the structs as they are, nothing flattened, every member written, so that it is read back without loss.
// A key that is absent keeps its default (an older uprev wrote it); one that is unknown is refused (a newer one did).
#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "release/config.hpp"
#include "release/site_fields.hpp"

namespace uprev {

namespace {

Json write(const std::string& value, const Rule&) { return value; }
Json write(bool value, const Rule&) { return value; }
Json write(std::chrono::milliseconds value, const Rule&) { return format_duration(value); }
Json write(const Texts& value, const Rule&) { return value; }
Json write(const TextMap& value, const Rule&) {
    auto json = Json::object();
    for (const auto& [key, text] : value) json[key] = text;
    return json;
}
template <typename T>
requires std::is_integral_v<T> Json write(T value, const Rule& rule) {
    if (rule.bytes) return format_size(static_cast<std::uint64_t>(value));
    return value;
}
template <Described T>
Json write(const T& value, const Rule&);
template <typename T>
Json write(const std::optional<T>& value, const Rule& rule);
template <Described T>
Json write(const std::vector<T>& value, const Rule& rule) {
    auto json = Json::array();
    for (const auto& item : value) json.push_back(write(item, rule));
    return json;
}
template <typename T>
Json write(const std::optional<T>& value, const Rule& rule) {
    return value ? write(*value, rule) : Json(nullptr);
}
template <Described T>
Json write(const T& value, const Rule&) {
    auto json = Json::object();
    if constexpr (Named<T>) json["name"] = value.*Fields<T>::named_by;
    each_field<T>([&](const auto& f) { json[std::string(f.key)] = write(value.*(f.member), f.rule); });
    return json;
}

Error wrong(const std::string& path, const std::string& expected) {
    return fail(Code::invalid, "'" + path + "' must be " + expected);
}

Result<> read(const Json& json, const std::string& path, const Rule&, std::string& out) {
    if (!json.is_string()) return wrong(path, "text");
    out = json.get<std::string>();
    return {};
}
Result<> read(const Json& json, const std::string& path, const Rule&, bool& out) {
    if (!json.is_boolean()) return wrong(path, "true or false");
    out = json.get<bool>();
    return {};
}
Result<> read(const Json& json, const std::string& path, const Rule&, std::chrono::milliseconds& out) {
    if (!json.is_string()) return wrong(path, "a duration");
    out = TRY(parse_duration(json.get<std::string>()).within(path));
    return {};
}
Result<> read(const Json& json, const std::string& path, const Rule&, Texts& out) {
    if (!json.is_array()) return wrong(path, "a list");
    out.clear();
    for (const auto& item : json) TRY_VOID(read(item, path, Rule{}, out.emplace_back()));
    return {};
}
Result<> read(const Json& json, const std::string& path, const Rule&, TextMap& out) {
    if (!json.is_object()) return wrong(path, "an object");
    out.clear();
    for (const auto& [key, value] : json.items()) TRY_VOID(read(value, path + "." + key, Rule{}, out[key]));
    return {};
}
template <typename T>
requires std::is_integral_v<T> Result<> read(const Json& json, const std::string& path, const Rule& rule, T& out) {
    if (rule.bytes) {
        if (!json.is_string()) return wrong(path, "a size");
        out = static_cast<T>(TRY(parse_size(json.get<std::string>()).within(path)));
        return {};
    }
    if (!json.is_number_integer()) return wrong(path, "a whole number");
    out = json.get<T>();
    return {};
}
template <Described T>
Result<> read(const Json& json, const std::string& path, const Rule&, T& out);
template <typename T>
Result<> read(const Json& json, const std::string& path, const Rule& rule, std::optional<T>& out);
template <Described T>
Result<> read(const Json& json, const std::string& path, const Rule& rule, std::vector<T>& out) {
    if (!json.is_array()) return wrong(path, "a list");
    out.clear();
    for (const auto& item : json) TRY_VOID(read(item, path + "[" + std::to_string(out.size()) + "]", rule, out.emplace_back()));
    return {};
}
template <typename T>
Result<> read(const Json& json, const std::string& path, const Rule& rule, std::optional<T>& out) {
    out.reset();
    if (json.is_null()) return {};
    return read(json, path, rule, out.emplace());
}

// Counts the keys that it knew in `known`.
template <Described T>
Result<> read_members(const Json& json, const std::string& path, T& out, std::size_t& known) {
    Result<> result;
    const auto member = [&](const std::string& key, const Rule& rule, auto& into) {
        const auto at = json.find(key);
        if (!result || at == json.end()) return;
        ++known;
        result = read(*at, path.empty() ? key : path + "." + key, rule, into);
    };
    if constexpr (Named<T>) member("name", Rule{}, out.*Fields<T>::named_by);
    each_field<T>([&](const auto& f) { member(std::string(f.key), f.rule, out.*(f.member)); });
    return result;
}
template <Described T>
Result<> read(const Json& json, const std::string& path, const Rule&, T& out) {
    if (!json.is_object()) return wrong(path.empty() ? "document" : path, "an object");
    std::size_t known = 0;
    TRY_VOID(read_members(json, path, out, known));
    if (known != json.size())
        return fail(Code::invalid, "'" + path + "' holds keys that this version of uprev doesn't know",
                    "use the uprev that wrote it, or a newer one");
    return {};
}

template <Described T>
Result<T> read_all(const Json& json, const std::string& what) {
    T value{};
    TRY_VOID(read(json, "", Rule{}, value).within(what));
    return value;
}

}  // namespace

Json to_json(const SiteFile& site) { return write(site, Rule{}); }
Json to_json(const ReleaseFile& release) { return write(release, Rule{}); }
Result<SiteFile> site_from_json(const Json& json) { return read_all<SiteFile>(json, "pinned site file"); }
Result<ReleaseFile> release_from_json(const Json& json) { return read_all<ReleaseFile>(json, "pinned release file"); }

}  // namespace uprev
