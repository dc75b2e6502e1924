// SPDX-License-Identifier: Apache-2.0
// From a YAML tree to a described struct (release/fields.hpp). Never stops at a problem: each is noted with its place, and the value
// stays at its default. Two passes use it: every layer alone (what is written must be right even where a later layer wins), then the
// merged tree, where required keys, kinds and whole values are judged too.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "release/checks.hpp"
#include "release/config.hpp"
#include "release/fields.hpp"
#include "release/yaml_tree.hpp"

namespace uprev {

class ConfigReader {
   public:
    // `merged`: judge it as a whole and note origins.
    ConfigReader(std::vector<Problem>& problems, bool merged) : problems_(problems), merged_(merged) {}

    template <Described T>
    void read(const YamlNode& node, const std::string& path, T& out);

    // At the nearest enclosing thing that was written down.
    void complain(const std::string& path, const std::string& text);
    [[nodiscard]] const std::map<std::string, TextPlace>& origins() const { return origins_; }

   private:
    void value(const YamlNode& node, const std::string& path, const Rule& rule, std::string& out);
    void value(const YamlNode& node, const std::string& path, const Rule& rule, bool& out);
    void value(const YamlNode& node, const std::string& path, const Rule& rule, std::chrono::milliseconds& out);
    void value(const YamlNode& node, const std::string& path, const Rule& rule, Texts& out);
    void value(const YamlNode& node, const std::string& path, const Rule& rule, TextMap& out);
    template <typename T>
    requires std::is_integral_v<T>
    void value(const YamlNode& node, const std::string& path, const Rule& rule, T& out) {
        std::uint64_t number = 0;
        if (whole_number(node, path, rule, number)) out = static_cast<T>(number);
    }
    template <typename T>
    void value(const YamlNode& node, const std::string& path, const Rule& rule, std::optional<T>& out) {
        if (node.present())
            value(node, path, rule, out.emplace());
        else
            note_origin(path, {});
    }
    template <Described T>
    void value(const YamlNode& node, const std::string& path, const Rule& rule, std::vector<T>& out);
    template <Named T>
    void named(const YamlNode& node, const std::string& path, std::vector<T>& out);
    template <Described T>
    void value(const YamlNode& node, const std::string& path, const Rule&, T& out) {
        read(node, path, out);
    }

    template <Described T>
    void members(const YamlNode& node, const std::string& path, const std::string& kind, T& out);
    template <Described T>
    std::string kind_of(const YamlNode& node) const;
    void check_keys(const YamlNode& node, const std::string& path, const std::string& kind, const std::vector<KeyInfo>& known);

    // False, with a problem noted, unless the node is a scalar. Absent nodes are false without one.
    bool scalar(const YamlNode& node, const std::string& path, const std::string& expected);
    bool whole_number(const YamlNode& node, const std::string& path, const Rule& rule, std::uint64_t& out);
    void check_text(const YamlNode& node, const std::string& path, const Rule& rule);
    void wrong_type(const YamlNode& node, const std::string& path, const std::string& expected);
    void at(const YamlNode& node, const std::string& path, const std::string& text);
    void note_origin(const std::string& path, TextPlace place);

    std::vector<Problem>& problems_;
    bool merged_;
    int in_list_ = 0;  // lists have one origin as a whole
    std::map<std::string, TextPlace> places_;
    std::map<std::string, TextPlace> origins_;
};

inline std::string join_path(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

template <Described T>
std::string ConfigReader::kind_of(const YamlNode& node) const {
    if constexpr (HasKind<T>) {
        const auto* kind = node.find("kind");
        if (kind != nullptr) return kind->scalar;
        return merged_ ? T{}.kind : std::string();  // a layer alone may leave it to another layer
    }
    return {};
}

template <Described T>
void ConfigReader::read(const YamlNode& node, const std::string& path, T& out) {
    if (node.present()) places_[path] = node.place;
    if constexpr (requires { Fields<T>::whole; }) note_origin(path, node.place);
    if constexpr (HasShorthand<T>) {
        if (node.present() && node.kind != YamlNode::Kind::map) {
            each_field<T>([&](const auto& f) {
                if constexpr (std::is_same_v<std::decay_t<decltype(f.member)>, std::decay_t<decltype(Fields<T>::shorthand)>>) {
                    if (f.member == Fields<T>::shorthand) value(node, path, f.rule, out.*(f.member));
                }
            });
        }
    } else if (node.present() && node.kind != YamlNode::Kind::map) {
        return wrong_type(node, path, "a mapping of keys to values");
    }
    if (!node.present() || node.kind == YamlNode::Kind::map) {
        std::vector<KeyInfo> known;
        collect_keys<T>(known);
        const auto kind = kind_of<T>(node);
        check_keys(node, path, kind, known);
        members(node, path, kind, out);
    }
    if constexpr (HasComplaint<T>) {
        if (!merged_ || !node.present()) return;
        if (const auto text = Fields<T>::complaint(out); !text.empty()) at(node, path, text);
    }
}

template <Described T>
void ConfigReader::members(const YamlNode& node, const std::string& path, const std::string& kind, T& out) {
    static const YamlNode absent;
    each_field<T>([&](const auto& f) {
        using Member = typename std::decay_t<decltype(f)>::Member;
        if (!f.rule.when.empty() && !kind.empty() && kind != f.rule.when) return;
        if constexpr (Described<Member>) {
            if (f.rule.flatten) return members(node, path, kind, out.*(f.member));
        }
        const auto* child = node.find(f.key);
        const auto child_path = join_path(path, f.key);
        // A section that is absent altogether says once what it lacks: its own required keys.
        const bool missing = child == nullptr || !child->present();
        if (merged_ && f.rule.required && missing && (node.present() || path.empty()))
            at(node, path, "lacks the required key '" + std::string(f.key) + "'");
        if constexpr (requires { Fields<T>::whole; }) {
            if (missing) return;
        }
        value(child == nullptr ? absent : *child, child_path, f.rule, out.*(f.member));
    });
}

template <Described T>
void ConfigReader::value(const YamlNode& node, const std::string& path, const Rule&, std::vector<T>& out) {
    note_origin(path, node.place);
    if (!node.present()) return;
    places_[path] = node.place;
    if constexpr (Named<T>) {
        named(node, path, out);
    } else {
        if (node.kind != YamlNode::Kind::list) return wrong_type(node, path, "a list");
        ++in_list_;
        out.clear();
        for (const auto& item : node.items) {
            const auto item_path = path + "[" + std::to_string(out.size()) + "]";
            if (!item.present()) at(item, item_path, "has no value");
            read(item, item_path, out.emplace_back());
        }
        --in_list_;
    }
}

template <Named T>
void ConfigReader::named(const YamlNode& node, const std::string& path, std::vector<T>& out) {
    if (node.kind != YamlNode::Kind::map) return wrong_type(node, path, "a mapping of names ('name: …' in place of '- name: …')");
    out.clear();
    for (const auto& entry : node.entries) {
        const auto child_path = join_path(path, entry.key);
        places_[child_path] = entry.place;
        YamlNode name;
        name.kind = YamlNode::Kind::scalar;
        name.scalar = entry.key;
        name.place = entry.place;
        check_text(name, child_path, Rule{.check = &checks::name});
        auto& item = out.emplace_back();
        item.*Fields<T>::named_by = entry.key;
        if (!entry.value.present())
            at(name, child_path, "has no value");
        else
            read(entry.value, child_path, item);
    }
}

}  // namespace uprev
