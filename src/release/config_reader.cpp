// SPDX-License-Identifier: Apache-2.0
#include "release/config_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/units.hpp"

namespace uprev {

namespace {

std::string describe(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::absent:
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::map:
            return "a mapping";
        // A password may stand in the wrong place, too.
        case YamlNode::Kind::scalar:
            return checks::holds_password(node.scalar) ? "this text" : "'" + excerpt(node.scalar) + "'";
    }
    return "nothing";
}

std::string one_of(Choices choices) {
    std::string out;
    for (const auto& choice : choices) {
        if (choice.empty()) continue;
        out += (out.empty() ? "" : ", ") + ("'" + std::string(choice) + "'");
    }
    return (out.find(',') == std::string::npos ? "must be " : "must be one of ") + out;
}

// Digits and nothing else: no sign, no space, no 1e3.
bool read_digits(std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void ConfigReader::at(const YamlNode& node, const std::string& path, const std::string& text) {
    if (node.place.layer < 0) return complain(path, text);
    problems_.push_back({node.place, (path.empty() ? "the file" : "'" + path + "'") + " " + text});
}

void ConfigReader::complain(const std::string& path, const std::string& text) {
    const auto subject = (path.empty() ? std::string("the file") : "'" + path + "'") + " ";
    for (auto around = path;;) {
        if (const auto place = places_.find(around); place != places_.end()) {
            problems_.push_back({place->second, subject + text});
            return;
        }
        if (around.empty()) break;
        const auto cut = around.find_last_of(".[");
        around = cut == std::string::npos ? std::string() : around.substr(0, cut);
    }
    problems_.push_back({TextPlace{}, subject + text});
}

void ConfigReader::wrong_type(const YamlNode& node, const std::string& path, const std::string& expected) {
    at(node, path, "must be " + expected + ", not " + describe(node));
}

void ConfigReader::note_origin(const std::string& path, TextPlace place) {
    if (merged_ && in_list_ == 0) origins_[path] = place;
}

bool ConfigReader::scalar(const YamlNode& node, const std::string& path, const std::string& expected) {
    if (node.kind == YamlNode::Kind::absent) {
        note_origin(path, {});
        return false;
    }
    places_[path] = node.place;
    note_origin(path, node.place);
    if (node.kind == YamlNode::Kind::scalar) return true;
    wrong_type(node, path, expected);
    return false;
}

void ConfigReader::check_text(const YamlNode& node, const std::string& path, const Rule& rule) {
    const auto& choices = rule.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), node.scalar) == choices.end()) {
        const auto near = did_you_mean(node.scalar, std::vector<std::string>(choices.begin(), choices.end()));
        at(node, path, one_of(choices) + ", not " + describe(node) + near);
    }
    if (rule.check == nullptr) return;
    if (const auto complaint = rule.check->complaint(node.scalar); !complaint.empty()) at(node, path, complaint);
}

void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule& rule, std::string& out) {
    if (!scalar(node, path, "text")) return;
    check_text(node, path, rule);
    out = node.scalar;
}

void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule&, bool& out) {
    if (!scalar(node, path, "true or false")) return;
    if (node.quoted || (node.scalar != "true" && node.scalar != "false")) return wrong_type(node, path, "true or false");
    out = node.scalar == "true";
}

bool ConfigReader::whole_number(const YamlNode& node, const std::string& path, const Rule& rule, std::uint64_t& out) {
    const std::string expected = rule.bytes ? "a size like '256MiB'" : "a whole number";
    if (!scalar(node, path, expected)) return false;
    if (rule.bytes) {
        const auto size = parse_size(node.scalar);
        if (size)
            out = *size;
        else
            wrong_type(node, path, expected);
        return size.has_value();
    }
    if (!read_digits(node.scalar, out)) {
        wrong_type(node, path, expected);
        return false;
    }
    const bool fits = out >= rule.least && out <= rule.most;
    if (!fits)
        at(node, path,
           "must be between " + std::to_string(rule.least) + " and " + std::to_string(rule.most) + ", not " + node.scalar);
    return fits;
}

void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule&, std::chrono::milliseconds& out) {
    const std::string expected = "a duration like '30s' or '1h30m'";
    if (!scalar(node, path, expected)) return;
    const auto duration = parse_duration(node.scalar);
    if (duration)
        out = *duration;
    else
        wrong_type(node, path, expected);
}

void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule& rule, Texts& out) {
    note_origin(path, node.place);
    if (!node.present()) return;
    places_[path] = node.place;
    if (node.kind != YamlNode::Kind::list) return wrong_type(node, path, "a list");
    out.clear();
    for (const auto& item : node.items) {
        const auto item_path = path + "[" + std::to_string(out.size()) + "]";
        out.push_back(item.scalar);
        places_[item_path] = item.place;
        if (item.kind != YamlNode::Kind::scalar)
            wrong_type(item, item_path, "text");
        else
            check_text(item, item_path, rule);
    }
}

void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule& rule, TextMap& out) {
    if (!node.present()) return note_origin(path, {});
    places_[path] = node.place;
    if (node.kind != YamlNode::Kind::map) return wrong_type(node, path, "a mapping of keys to text");
    for (const auto& entry : node.entries) {
        const auto entry_path = join_path(path, entry.key);
        if (!scalar(entry.value, entry_path, "text")) continue;
        check_text(entry.value, entry_path, rule);
        out[entry.key] = entry.value.scalar;
    }
}

void ConfigReader::check_keys(const YamlNode& node, const std::string& path, const std::string& kind,
                              const std::vector<KeyInfo>& known) {
    std::vector<std::string> names;
    for (const auto& info : known) names.push_back(info.key);
    for (const auto& entry : node.entries) {
        const auto is_it = [&](const KeyInfo& info) { return info.key == entry.key; };
        const auto fits = [&](const KeyInfo& info) {
            return is_it(info) && (info.when.empty() || kind.empty() || info.when == kind);
        };
        if (std::any_of(known.begin(), known.end(), fits)) continue;
        const auto where = path.empty() ? std::string() : " in '" + path + "'";
        const auto other = std::find_if(known.begin(), known.end(), is_it);
        const auto text = other == known.end()
                              ? "unknown key '" + excerpt(entry.key) + "'" + where + did_you_mean(entry.key, names)
                              : "key '" + entry.key + "'" + where + " belongs to kind '" + std::string(other->when) + "', not '" +
                                    excerpt(kind) + "'";
        problems_.push_back({entry.place, text});
    }
}

}  // namespace uprev
