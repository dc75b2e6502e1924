// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/body_match.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"

namespace uprev {
namespace {

std::string quoted(const std::string& text) { return "'" + excerpt(text) + "'"; }

std::optional<std::string> scalar(const Json& document, const std::string& pointer) {
    try {
        const Json::json_pointer at(pointer);
        if (!document.contains(at)) return std::nullopt;
        const auto& value = document.at(at);
        if (value.is_structured()) return std::nullopt;
        return value.is_string() ? value.get<std::string>() : value.dump();
    } catch (const Json::exception&) {
        return std::nullopt;  // a malformed pointer points at nothing
    }
}

}  // namespace

std::string body_mismatch(const std::string& body, const std::string& contains, const std::map<std::string, std::string>& json) {
    if (body.find(contains) == std::string::npos) return "body lacks " + quoted(contains);
    if (json.empty()) return {};
    const auto document = parse_json(body, "body");
    if (!document) return "body is not JSON: " + quoted(body);
    for (const auto& [pointer, expected] : json) {
        const auto found = scalar(*document, pointer);
        if (!found) return "body has nothing at '" + pointer + "'";
        if (*found != expected) return "'" + pointer + "' is " + quoted(*found) + ", not " + quoted(expected);
    }
    return {};
}

std::string scalar_at(const std::string& body, const std::string& pointer) {
    if (pointer.empty()) return {};
    const auto document = parse_json(body, "body");
    return document ? scalar(*document, pointer).value_or("") : std::string{};
}

}  // namespace uprev
