// SPDX-License-Identifier: Apache-2.0
// The JSON Schema of both files, for editors: what the parser takes, as far as a schema can say it. One definition per described struct.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/units.hpp"
#include "release/config.hpp"
#include "release/site_fields.hpp"

namespace uprev {

namespace {

constexpr std::string_view duration_pattern = "^(0|([0-9]+(\\.[0-9]+)?(w|d|h|ms|m|s))+)$";
constexpr std::string_view size_pattern = "^(0|[0-9]+(\\.[0-9]+)? ?([KMGT]iB|[kKMGT]?B))$";

std::string definition_name(std::string_view title) { return replace_all(std::string(title), " ", "_"); }

class SchemaWriter {
   public:
    template <Described T>
    Json document(const std::string& id, const std::string& title) {
        auto schema = Json::object();
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        schema["$id"] = id;
        schema["title"] = title;
        auto root = mapping<T>();
        for (auto& [key, value] : root.items()) schema[key] = value;
        schema["$defs"] = definitions_;
        return schema;
    }

   private:
    // Any scalar will do as text: 1.10 without quotes keeps its spelling.
    static Json text(const Rule& rule) {
        if (!rule.choices.empty())
            return {{"type", "string"}, {"enum", Json(std::vector<std::string>(rule.choices.begin(), rule.choices.end()))}};
        if (rule.check != nullptr && !rule.check->pattern.empty()) return {{"type", "string"}, {"pattern", rule.check->pattern}};
        return {{"type", {"string", "number", "boolean"}}};
    }
    // 0 needs no unit; every other number does.
    static Json pattern(std::string_view pattern) {
        return {{"anyOf", Json::array({Json{{"type", "string"}, {"pattern", pattern}}, Json{{"const", 0}}})}};
    }

    Json of(const std::string*, const Rule& rule) { return text(rule); }
    Json of(const bool*, const Rule&) { return {{"type", "boolean"}}; }
    Json of(const std::chrono::milliseconds*, const Rule&) { return pattern(duration_pattern); }
    Json of(const Texts*, const Rule& rule) { return {{"type", "array"}, {"items", text(rule)}}; }
    Json of(const TextMap*, const Rule& rule) { return {{"type", "object"}, {"additionalProperties", text(rule)}}; }
    template <typename T>
    requires std::is_integral_v<T> Json of(const T*, const Rule& rule) {
        if (rule.bytes) return pattern(size_pattern);
        return {{"type", "integer"}, {"minimum", rule.least}, {"maximum", rule.most}};
    }
    template <typename T>
    Json of(const std::optional<T>*, const Rule& rule) {
        return of(static_cast<const T*>(nullptr), rule);
    }
    template <Described T>
    Json of(const std::vector<T>*, const Rule& rule) {
        auto item = of(static_cast<const T*>(nullptr), rule);
        if constexpr (Named<T>)
            return {{"type", {"object", "null"}},
                    {"propertyNames", {{"pattern", checks::name.pattern}}},
                    {"additionalProperties", item}};
        else
            return {{"type", {"array", "null"}}, {"items", item}};
    }
    template <Described T>
    Json of(const T*, const Rule&) {
        const auto name = definition_name(Fields<T>::title);
        if (!definitions_.contains(name)) {
            definitions_[name] = nullptr;  // its place, should it refer to itself
            definitions_[name] = definition<T>();
        }
        return {{"$ref", "#/$defs/" + name}};
    }

    template <Described T>
    Json definition() {
        auto schema = mapping<T>();
        if constexpr (HasShorthand<T>) {
            Json other;
            each_field<T>([&](const auto& f) {
                if constexpr (std::is_same_v<std::decay_t<decltype(f.member)>, std::decay_t<decltype(Fields<T>::shorthand)>>) {
                    using Member = typename std::decay_t<decltype(f)>::Member;
                    if (f.member == Fields<T>::shorthand) other = of(static_cast<const Member*>(nullptr), f.rule);
                }
            });
            return {{"anyOf", Json::array({other, schema})}};
        }
        return schema;
    }

    template <Described T>
    Json mapping() {
        Json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
        auto required = Json::array();
        properties(schema["properties"], required, "", T{});
        if (!required.empty()) schema["required"] = required;
        if (const auto cases = kinds<T>(); !cases.empty()) schema["allOf"] = cases;
        if constexpr (std::is_same_v<T, CommandSpec>)
            schema["oneOf"] = Json::parse(R"([{"required": ["argv"]}, {"required": ["shell"]}])");
        return schema;
    }

    static Json default_of(const std::string& value, const Rule&) { return value.empty() ? Json() : Json(value); }
    static Json default_of(const bool& value, const Rule&) { return value; }
    static Json default_of(const std::chrono::milliseconds& value, const Rule&) { return format_duration(value); }
    static Json default_of(const Texts& value, const Rule&) { return value.empty() ? Json() : Json(value); }
    template <typename T>
    static Json default_of(const T& value, const Rule& rule) {
        if constexpr (!std::is_integral_v<T>)
            return nullptr;
        else
            return rule.bytes ? Json(format_size(static_cast<std::uint64_t>(value))) : Json(value);
    }

    template <Described T>
    void properties(Json& properties_of, Json& required, std::string_view when, const T& defaults) {
        each_field<T>([&](const auto& f) {
            using Member = typename std::decay_t<decltype(f)>::Member;
            const auto condition = f.rule.when.empty() ? when : f.rule.when;
            if constexpr (Described<Member>) {
                if (f.rule.flatten) return properties(properties_of, required, condition, defaults.*(f.member));
            }
            auto schema = of(static_cast<const Member*>(nullptr), f.rule);
            schema["description"] = replace_all(std::string(f.meaning), "`", "'");
            if (auto value = default_of(defaults.*(f.member), f.rule); !value.is_null() && !f.rule.required)
                schema["default"] = std::move(value);
            properties_of[std::string(f.key)] = schema;
            if (f.rule.required && condition.empty()) required.push_back(f.key);
        });
    }

    // For each `kind`: what it requires, and which keys it can't have.
    template <Described T>
    Json kinds() {
        auto cases = Json::array();
        if constexpr (HasKind<T>) {
            std::vector<KeyInfo> keys;
            collect_keys<T>(keys);
            each_field<T>([&](const auto& f) {
                if (f.key != "kind") return;
                for (const auto& kind : f.rule.choices) cases.push_back(kind_case<T>(kind, keys));
            });
        }
        return cases;
    }
    template <Described T>
    static Json kind_case(std::string_view kind, const std::vector<KeyInfo>& keys) {
        Json condition{{"properties", {{"kind", {{"const", kind}}}}}};
        const bool assumed = std::string_view(default_kind<T>()) == kind;
        if (!assumed) condition["required"] = Json::array({"kind"});
        auto then = Json::object();
        auto required = Json::array();
        required_of<T>(kind, "", required);
        if (!required.empty()) then["required"] = required;
        for (const auto& info : keys) {
            const bool mine = std::any_of(keys.begin(), keys.end(), [&](const KeyInfo& other) {
                return other.key == info.key && (other.when.empty() || other.when == kind);
            });
            if (!mine) then["properties"][info.key] = false;
        }
        return {{"if", condition}, {"then", then}};
    }
    template <HasKind T>
    static std::string default_kind() {
        return T{}.kind;
    }
    template <Described T>
    static void required_of(std::string_view kind, std::string_view when, Json& required) {
        each_field<T>([&](const auto& f) {
            using Member = typename std::decay_t<decltype(f)>::Member;
            const auto condition = f.rule.when.empty() ? when : f.rule.when;
            if constexpr (Described<Member>) {
                if (f.rule.flatten) return required_of<Member>(kind, condition, required);
            }
            if (f.rule.required && condition == kind) required.push_back(f.key);
        });
    }

    Json definitions_ = Json::object();
};

}  // namespace

Json site_schema() {
    return SchemaWriter().document<SiteFile>("uprev.schema.json", "uprev.yaml: an installation, as its operator describes it");
}
Json release_schema() {
    return SchemaWriter().document<ReleaseFile>("uprev.release.schema.json",
                                                "uprev.release.yaml: what a release needs, as its vendor describes it");
}

}  // namespace uprev
