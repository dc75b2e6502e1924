// SPDX-License-Identifier: Apache-2.0
// The reference of both files as Markdown: a table per described struct, in the order in which they are first met.
#include <functional>
#include <set>

#include "base/text.hpp"
#include "base/units.hpp"
#include "release/config.hpp"
#include "release/site_fields.hpp"

namespace uprev {

namespace {

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

class ReferenceWriter {
   public:
    // `elsewhere`: structs that another page explains.
    template <Described T>
    std::string document(const std::string& file, std::set<std::string> elsewhere) {
        elsewhere_ = std::move(elsewhere);
        std::string out = "### Keys of " + code(file) + "\n\n" + table<T>();
        while (!pending_.empty()) {
            const auto sections = std::exchange(pending_, {});
            for (const auto& section : sections) out += section();
        }
        return out;
    }

   private:
    std::string type(const std::string*, const Rule& rule) {
        std::vector<std::string> words;
        for (const auto& choice : rule.choices)
            if (!choice.empty()) words.push_back(code(choice));
        return words.empty() ? "text" : join(words, ", ");
    }
    std::string type(const bool*, const Rule&) { return "true or false"; }
    std::string type(const std::chrono::milliseconds*, const Rule&) { return "duration"; }
    std::string type(const Texts*, const Rule& rule) { return "list of " + type(static_cast<const std::string*>(nullptr), rule); }
    std::string type(const TextMap*, const Rule&) { return "mapping of keys to text"; }
    template <typename T>
    requires std::is_integral_v<T> std::string type(const T*, const Rule& rule) { return rule.bytes ? "size" : "whole number"; }
    template <typename T>
    std::string type(const std::optional<T>*, const Rule& rule) {
        return type(static_cast<const T*>(nullptr), rule);
    }
    template <Described T>
    std::string type(const std::vector<T>*, const Rule& rule) {
        const auto item = type(static_cast<const T*>(nullptr), rule);
        return (Named<T> ? "mapping of names to " : "list of ") + item;
    }
    template <Described T>
    std::string type(const T*, const Rule&) {
        const std::string title(Fields<T>::title);
        if (elsewhere_.contains(title)) return "[" + title + "](release-file.md)";
        if (seen_.insert(title).second)
            pending_.push_back([this, title] { return "\n#### " + title + "\n\n" + opening<T>() + table<T>(); });
        return "[" + title + "](#" + replace_all(title, " ", "-") + ")";
    }

    template <Described T>
    std::string opening() {
        std::string out;
        if constexpr (HasShorthand<T>) {
            each_field<T>([&](const auto& f) {
                if constexpr (std::is_same_v<std::decay_t<decltype(f.member)>, std::decay_t<decltype(Fields<T>::shorthand)>>) {
                    if (f.member == Fields<T>::shorthand)
                        out = "A value that is no mapping stands for its " + code(f.key) + " alone.\n\n";
                }
            });
        }
        return out;
    }

    static std::string shown(const std::string& value, const Rule&) { return value.empty() ? "" : code(value); }
    static std::string shown(bool value, const Rule&) { return code(value ? "true" : "false"); }
    static std::string shown(std::chrono::milliseconds value, const Rule&) { return code(format_duration(value)); }
    static std::string shown(const Texts& value, const Rule&) { return value.empty() ? "" : code("[" + join(value, ", ") + "]"); }
    template <typename T>
    static std::string shown(const T& value, const Rule& rule) {
        if constexpr (std::is_integral_v<T>)
            return code(rule.bytes ? format_size(static_cast<std::uint64_t>(value)) : std::to_string(value));
        else
            return "";
    }

    template <Described T>
    std::string table() {
        return "| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + rows(T{}, "");
    }
    template <Described T>
    std::string rows(const T& defaults, std::string_view when) {
        std::string out;
        each_field<T>([&](const auto& f) {
            using Member = typename std::decay_t<decltype(f)>::Member;
            const auto condition = f.rule.when.empty() ? when : f.rule.when;
            if constexpr (Described<Member>) {
                if (f.rule.flatten) {
                    out += rows(defaults.*(f.member), condition);
                    return;
                }
            }
            const auto value = f.rule.required ? std::string("**required**") : shown(defaults.*(f.member), f.rule);
            const auto kind = condition.empty() ? std::string() : "(" + code(condition) + ") ";
            out += "| " + code(f.key) + " | " + type(static_cast<const Member*>(nullptr), f.rule) + " | " + value + " | " + kind +
                   std::string(f.meaning) + " |\n";
        });
        return out;
    }

    std::set<std::string> elsewhere_;
    std::set<std::string> seen_;
    std::vector<std::function<std::string()>> pending_;
};

}  // namespace

std::string site_reference() { return ReferenceWriter().document<SiteFile>("uprev.yaml", {"release"}); }
std::string release_reference() { return ReferenceWriter().document<ReleaseFile>("uprev.release.yaml", {}); }
std::string config_reference() { return site_reference() + "\n" + release_reference(); }

}  // namespace uprev
