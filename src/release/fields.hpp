// SPDX-License-Identifier: Apache-2.0
// The table of fields: for each struct of the two files, which key leads to which member, what it means and what it may hold.
// Parser, JSON codec, JSON Schema, reference page and nearest-key errors are all generated from it and from nothing else.
//
// A struct is described by a specialisation of Fields<T> with `title` and `list` (a tuple of Field), and where it applies
//   shorthand   the member that a value which is no mapping goes to: `auto: patch`, `command: [npm, ci]`
//   named_by    the member that a mapping's key goes to, for things kept as `name: {…}`
//   complaint   what is wrong with a whole value, or ""
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace uprev {

// What a scalar must look like: `complaint` gives "" or the rest of the sentence "'key' …"; `pattern` says the same to the schema.
struct Check {
    std::string (*complaint)(std::string_view value);
    std::string_view pattern;
};

using Choices = std::span<const std::string_view>;

struct Rule {
    bool required = false;
    bool flatten = false;        // the member's keys stand beside this struct's own
    bool bytes = false;          // a number of bytes, written as a size
    std::string_view when = {};  // only where the struct's `kind` is this
    Choices choices = {};        // the values (of a list: of its items) that are allowed
    const Check* check = nullptr;
    std::uint64_t least = 0;  // of numbers
    std::uint64_t most = UINT32_MAX;
};

template <typename S, typename M>
struct Field {
    using Owner = S;
    using Member = M;
    std::string_view key;
    M S::*member;
    std::string_view meaning;
    Rule rule;
};

template <typename S, typename M>
constexpr Field<S, M> field(std::string_view key, M S::*member, std::string_view meaning, Rule rule = {}) {
    return {key, member, meaning, rule};
}

template <typename T>
struct Fields;

template <typename T>
concept Described = requires {
    Fields<T>::list;
};
template <typename T>
concept Named = Described<T> && requires {
    Fields<T>::named_by;
};
template <typename T>
concept HasShorthand = Described<T> && requires {
    Fields<T>::shorthand;
};
template <typename T>
concept HasComplaint = Described<T> && requires(const T& value) {
    Fields<T>::complaint(value);
};
template <typename T>
concept HasKind = requires(const T& value) {
    value.kind;
};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

using Texts = std::vector<std::string>;
using TextMap = std::map<std::string, std::string>;

// Calls `visit` with each Field of T, flattened members as one.
template <Described T, typename Visit>
constexpr void each_field(Visit&& visit) {
    std::apply([&](const auto&... all) { (visit(all), ...); }, Fields<T>::list);
}

struct KeyInfo {
    std::string key;
    std::string_view when;
};

// Every key that a mapping of T may hold, those of flattened members included.
template <Described T>
void collect_keys(std::vector<KeyInfo>& keys, std::string_view when = {}) {
    each_field<T>([&](const auto& f) {
        using Member = typename std::decay_t<decltype(f)>::Member;
        const auto condition = f.rule.when.empty() ? when : f.rule.when;
        if constexpr (Described<Member>) {
            if (f.rule.flatten) return collect_keys<Member>(keys, condition);
        }
        keys.push_back({std::string(f.key), condition});
    });
}

}  // namespace uprev
