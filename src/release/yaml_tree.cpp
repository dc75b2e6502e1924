// SPDX-License-Identifier: Apache-2.0
#include "release/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/text.hpp"

namespace uprev {

namespace {

constexpr std::size_t depth_limit = 32;
constexpr std::size_t size_limit = 1U << 20U;

// Thrown through yaml-cpp to end its parse; caught in read_yaml, never leaves this file.
struct TooDeep {};

class TreeBuilder final : public YAML::EventHandler {
   public:
    TreeBuilder(int layer, std::vector<Problem>& problems) : layer_(layer), problems_(problems) {}
    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, YamlNode::Kind::null, {}, "?"); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        complain(mark, "aliases (*name) are not supported; write the value out");
        leaf(mark, 0, YamlNode::Kind::null, {}, "?");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        const auto forbidden = [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; };
        if (std::any_of(value.begin(), value.end(), forbidden))
            complain(mark, "control characters are not allowed: '" + excerpt(value) + "'");
        leaf(mark, anchor, YamlNode::Kind::scalar, value, tag);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

   private:
    struct Frame {
        YamlNode node;
        bool has_key = false;
        YamlNode::Entry entry;  // the one whose key was read
        std::set<std::string> keys;
    };

    [[nodiscard]] TextPlace place(const YAML::Mark& mark) const { return {layer_, mark.line + 1, mark.column + 1}; }
    void complain(const YAML::Mark& mark, std::string text) { problems_.push_back({place(mark), std::move(text)}); }

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) complain(mark, "anchors (&name) are not supported; write the value out");
        if (!tag.empty() && tag != "?" && tag != "!") complain(mark, "tags are not supported: '" + excerpt(tag) + "'");
    }

    void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind, const std::string& value,
              const std::string& tag) {
        check(mark, tag, anchor);
        YamlNode node;
        node.kind = kind;
        node.scalar = value;
        node.quoted = tag == "!";
        node.place = place(mark);
        add(std::move(node));
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
        check(mark, tag, anchor);
        if (stack_.size() == depth_limit) {
            complain(mark, "nested deeper than " + std::to_string(depth_limit));
            throw TooDeep{};
        }
        Frame frame;
        frame.node.kind = kind;
        frame.node.place = place(mark);
        stack_.push_back(std::move(frame));
    }

    void close() {
        auto node = std::move(stack_.back().node);
        stack_.pop_back();
        add(std::move(node));
    }

    void add(YamlNode node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& frame = stack_.back();
        if (frame.node.kind == YamlNode::Kind::list)
            frame.node.items.push_back(std::move(node));
        else if (!frame.has_key)
            take_key(frame, node);
        else
            take_value(frame, std::move(node));
    }

    void take_key(Frame& frame, const YamlNode& node) {
        if (node.kind != YamlNode::Kind::scalar) problems_.push_back({node.place, "a key must be plain text"});
        frame.entry = {node.scalar, node.place, {}};
        frame.has_key = true;
        if (node.scalar == "<<") problems_.push_back({node.place, "merge keys (<<) are not supported; write the values out"});
        if (node.kind == YamlNode::Kind::scalar && !frame.keys.insert(node.scalar).second)
            problems_.push_back({node.place, "duplicate key '" + excerpt(node.scalar) + "'; it first stands in line " +
                                                 std::to_string(first_line(frame))});
    }

    static int first_line(const Frame& frame) {
        for (const auto& entry : frame.node.entries)
            if (entry.key == frame.entry.key) return entry.place.line;
        return 0;
    }

    static void take_value(Frame& frame, YamlNode node) {
        frame.entry.value = std::move(node);
        frame.node.entries.push_back(std::move(frame.entry));
        frame.has_key = false;
    }

    int layer_;
    std::vector<Problem>& problems_;
    std::vector<Frame> stack_;
    YamlNode root_;
};

// yaml-cpp ends quietly at a NUL byte, and what stood behind it would be ignored.
bool holds_only_text(std::string_view text, int layer, std::vector<Problem>& problems) {
    if (text.size() > size_limit) {
        problems.push_back({{layer, 1, 1}, "larger than 1 MiB"});
        return false;
    }
    const auto nul = text.find('\0');
    if (nul == std::string_view::npos) return true;
    const auto line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n'));
    problems.push_back({{layer, line, 1}, "a NUL byte; this is not a text file"});
    return false;
}

const std::string* kind_of(const YamlNode& map) {
    const auto* kind = map.find("kind");
    return kind != nullptr && kind->kind == YamlNode::Kind::scalar ? &kind->scalar : nullptr;
}

bool replaces_whole(const YamlNode& base, const YamlNode& over) {
    if (base.kind != YamlNode::Kind::map || over.kind != YamlNode::Kind::map) return true;
    const auto* before = kind_of(base);
    const auto* after = kind_of(over);
    return before != nullptr && after != nullptr && *before != *after;
}

void drop(YamlNode& map, std::string_view key) {
    std::erase_if(map.entries, [&](const auto& entry) { return entry.key == key; });
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    for (const auto& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

YamlNode& YamlNode::at(std::string_view key, TextPlace key_place) {
    kind = Kind::map;
    for (auto& entry : entries)
        if (entry.key == key) return entry.value;
    entries.push_back({std::string(key), key_place, {}});
    return entries.back().value;
}

YamlNode read_yaml(std::string_view text, int layer, std::vector<Problem>& problems) {
    if (!holds_only_text(text, layer, problems)) return {};
    TreeBuilder builder(layer, problems);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        auto root = builder.take();
        TreeBuilder ignored(layer, problems);
        if (parser.HandleNextDocument(ignored)) problems.push_back({root.place, "more than one document (---)"});
        return root;
    } catch (const YAML::Exception& error) {
        problems.push_back({{layer, error.mark.line + 1, error.mark.column + 1}, "not YAML: " + error.msg});
    } catch (const TooDeep&) {
        return {};
    }
    return {};
}

void merge_yaml(YamlNode& base, const YamlNode& over) {
    if (!over.present()) return;
    if (!base.present() || replaces_whole(base, over)) {
        base = over;
        return;
    }
    // A command is replaced, not mixed: who writes `shell` in place of a template's `argv` means that alone.
    if (over.find("argv") != nullptr) drop(base, "shell");
    if (over.find("shell") != nullptr) drop(base, "argv");
    for (const auto& entry : over.entries) merge_yaml(base.at(entry.key, entry.place), entry.value);
}

}  // namespace uprev
