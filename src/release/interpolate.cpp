// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.hpp"
#include "release/config.hpp"

namespace uprev {

namespace {

Error unknown_name(std::string_view name, const std::map<std::string, std::string>& values) {
    std::vector<std::string> known;
    for (const auto& [key, value] : values) known.push_back(key);
    return fail(Code::invalid, "'${" + excerpt(name) + "}' is not known here" + did_you_mean(name, known),
                known.empty() ? "nothing can be filled in here; a dollar is written $$"
                              : "known are: " + join(known, ", ") + "; a dollar is written $$");
}

}  // namespace

// One pass: what was filled in is not read again, so no value can smuggle in another name.
Result<std::string> interpolate(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string out;
    while (!text.empty()) {
        const auto dollar = std::min(text.find('$'), text.size());
        out += text.substr(0, dollar);
        text.remove_prefix(dollar);
        if (text.starts_with("$$")) {
            out += '$';
            text.remove_prefix(2);
        } else if (text.starts_with("${")) {
            const auto end = text.find('}');
            if (end == std::string_view::npos)
                return fail(Code::invalid, "'" + excerpt(text) + "' lacks its closing brace", "a dollar is written $$");
            const auto name = text.substr(2, end - 2);
            const auto value = values.find(std::string(name));
            if (value == values.end()) return unknown_name(name, values);
            out += value->second;
            text.remove_prefix(end + 1);
        } else if (!text.empty()) {
            out += '$';
            text.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace uprev
