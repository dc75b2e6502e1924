// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/release_tree.hpp"

#include <deque>

#include "adapters/unpacker/entry_name.hpp"
#include "base/text.hpp"

namespace uprev {

namespace {

constexpr int hop_limit = 40;  // as Linux has it
constexpr const char* advice = "ask the vendor; do not unpack it by hand";

Error refuse(const std::string& path, const std::string& why) {
    return fail(Code::refused, "the archive's entry '" + shown_name(path) + "' is refused: " + why, advice);
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

const char* kind_name(EntryKind kind) {
    switch (kind) {
        case EntryKind::folder:
            return "a folder";
        case EntryKind::symlink:
            return "a symlink";
        default:
            return "a file";
    }
}

}  // namespace

const ReleaseTree::Node* ReleaseTree::find(const std::string& path) const {
    const auto key = collision_key(path);
    const auto it = nodes_.find(key);
    if (it == nodes_.end()) return nullptr;
    const std::string& spelling = it->second.spelling.empty() ? it->first : it->second.spelling;
    return spelling == path ? &it->second : nullptr;
}

// The node at `path`, made when there is none yet; a differently spelt one in its place is refused.
Result<ReleaseTree::Node*> ReleaseTree::insert(const std::string& path, EntryKind kind) {
    auto key = collision_key(path);
    const bool same = key == path;
    const auto [it, fresh] = nodes_.try_emplace(std::move(key));
    if (fresh) {
        if (nodes_.size() > limit_)
            return fail(Code::exhausted,
                        "the archive holds more than the " + std::to_string(limit_) + " entries that are allowed",
                        "raise source.feed.max_entries in the site file if the release really is that big");
        it->second.kind = kind;
        if (!same) it->second.spelling = path;
        return &it->second;
    }
    const std::string& spelling = it->second.spelling.empty() ? it->first : it->second.spelling;
    if (spelling != path) return refuse(path, "it differs from '" + shown_name(spelling) + "' only by case or Unicode form");
    return &it->second;
}

Result<> ReleaseTree::add_parents(const std::string& path) {
    const std::string parent = parent_of(path);
    if (parent.empty() || parent == last_parent_) return {};
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string prefix = path.substr(0, slash);
        const Node* node = TRY(insert(prefix, EntryKind::folder));
        if (node->kind != EntryKind::folder)
            return refuse(path, "it lies behind '" + shown_name(prefix) + "', which is " + kind_name(node->kind));
    }
    last_parent_ = parent;
    return {};
}

Result<> ReleaseTree::add(EntryKind kind, const std::string& path, const std::string& link) {
    if (path.empty()) return kind == EntryKind::folder ? Result<>{} : Result<>(refuse(".", "only a folder may be named '.'"));
    TRY_VOID(add_parents(path));
    if (kind == EntryKind::hardlink) {
        const Node* target = find(link);
        if (target == nullptr || target->kind != EntryKind::file)
            return refuse(path, "it is a hardlink to '" + shown_name(link) + "', which is no earlier file of the archive");
        kind = EntryKind::file;
    }
    Node* node = TRY(insert(path, kind));
    if (node->stated) return refuse(path, "it comes twice");
    if (node->kind != kind)
        return refuse(path, std::string("it is ") + kind_name(kind) + " where the archive already has " + kind_name(node->kind));
    node->stated = true;
    if (kind == EntryKind::symlink) {
        node->link = links_.size();
        links_.emplace_back(path, link);
    }
    const std::string top = path.substr(0, path.find('/'));
    const bool stands_alone = top == path && kind != EntryKind::folder;
    if (top_.empty()) top_ = top;
    several_tops_ = several_tops_ || stands_alone || top != top_;
    return {};
}

std::string ReleaseTree::single_root() const { return several_tops_ ? std::string{} : top_; }

Result<> ReleaseTree::check_links(const std::string& root) const {
    for (const auto& [path, target] : links_) TRY_VOID(check_link(path, target, root));
    return {};
}

// Walks as the kernel would, but in memory: what is missing is taken as a folder.
Result<> ReleaseTree::check_link(const std::string& path, const std::string& target, const std::string& root) const {
    const auto outward = [&] {
        return refuse(path, "it is a symlink to '" + shown_name(target) + "', which leaves the release");
    };
    if (target.empty() || target.front() == '/') return outward();
    std::string at = parent_of(path);
    const auto parts = split(target, '/');
    std::deque<std::string> todo(parts.begin(), parts.end());
    int hops = 0;
    while (!todo.empty()) {
        const std::string part = std::move(todo.front());
        todo.pop_front();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (at == root) return outward();
            at = parent_of(at);
            continue;
        }
        const std::string next = at.empty() ? part : at + "/" + part;
        const Node* node = find(next);
        if (node == nullptr || node->kind != EntryKind::symlink) {
            at = next;
            continue;
        }
        if (++hops > hop_limit) return refuse(path, "its symlinks go round in a circle");
        const std::string& onward = links_[node->link].second;
        if (onward.empty() || onward.front() == '/') return outward();
        const auto more = split(onward, '/');
        todo.insert(todo.begin(), more.begin(), more.end());
    }
    return {};
}

}  // namespace uprev
