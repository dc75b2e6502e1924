// SPDX-License-Identifier: Apache-2.0
// YAML as a tree that keeps spelling and place of everything: scalars are raw text (1.10 is not 1.1), duplicate keys, anchors, tags,
// second documents, depth over 32 and control characters are problems, and all of them are reported at once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uprev {

struct TextPlace {
    int layer = -1;  // index of the layer it was read from; -1: nowhere (a default)
    int line = 0;    // 1-based
    int column = 0;  // 1-based
    friend auto operator<=>(const TextPlace&, const TextPlace&) = default;
};

struct Problem {
    TextPlace place;
    std::string text;
    friend auto operator<=>(const Problem&, const Problem&) = default;
};

struct YamlNode {
    enum class Kind { absent, null, scalar, list, map };
    struct Entry;

    Kind kind = Kind::absent;
    std::string scalar;
    bool quoted = false;  // "off" and off are the same text, yet only the second might be meant as something else
    std::vector<YamlNode> items;
    std::vector<Entry> entries;  // in the order of the file
    TextPlace place;

    [[nodiscard]] bool present() const { return kind != Kind::absent && kind != Kind::null; }
    [[nodiscard]] const YamlNode* find(std::string_view key) const;
    YamlNode& at(std::string_view key, TextPlace place);  // made when absent
};

struct YamlNode::Entry {
    std::string key;
    TextPlace place;  // of the key
    YamlNode value;
};

// An empty text gives an absent node. `layer` is noted in each place.
YamlNode read_yaml(std::string_view text, int layer, std::vector<Problem>& problems);

// `over` wins key by key, lists and commands whole, and a mapping of another `kind` whole. An empty value takes nothing away.
void merge_yaml(YamlNode& base, const YamlNode& over);

}  // namespace uprev
