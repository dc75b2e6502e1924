// SPDX-License-Identifier: Apache-2.0
// What an archive would make of an empty folder, held in memory and checked entry by entry, before anything is written:
// nothing twice, nothing that differs by case or Unicode form only, nothing behind a file or a symlink, no link that leaves the release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/unpacker/tar_scanner.hpp"
#include "base/result.hpp"

namespace uprev {

class ReleaseTree {
   public:
    // `nodes`: how many files, folders and links at most, folders that are only implied included.
    explicit ReleaseTree(std::uint64_t nodes) : limit_(nodes) {}

    // REQUIRES: `path` and a hardlink's `link` come from clean_name. A hardlink must name a file that was added before.
    Result<> add(EntryKind kind, const std::string& path, const std::string& link);
    // The one top folder under which everything lies; empty when there is none.
    [[nodiscard]] std::string single_root() const;
    // Every symlink stays below `root` (empty: the whole tree), other symlinks on its way followed.
    Result<> check_links(const std::string& root) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& links() const { return links_; }  // path, target

   private:
    struct Node {
        EntryKind kind = EntryKind::folder;
        bool stated = false;   // has an entry of its own
        std::size_t link = 0;  // symlinks: index into links_
        std::string spelling;  // empty: equal to the key
    };
    [[nodiscard]] const Node* find(const std::string& path) const;
    Result<Node*> insert(const std::string& path, EntryKind kind);
    Result<> add_parents(const std::string& path);
    Result<> check_link(const std::string& path, const std::string& target, const std::string& root) const;

    std::uint64_t limit_;
    std::unordered_map<std::string, Node> nodes_;  // by collision key
    std::vector<std::pair<std::string, std::string>> links_;
    std::string last_parent_;
    std::string top_;
    bool several_tops_ = false;
};

}  // namespace uprev
