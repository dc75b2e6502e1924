// SPDX-License-Identifier: Apache-2.0
// Files in memory. A durable verb changes what is live and what is on disk; what a command or an unpacker writes is live only, until synced.
#include <algorithm>

#include "crash/parts.hpp"

namespace uprev::sim {

namespace {
bool below(const std::string& path, const std::string& folder) { return path == folder || path.starts_with(folder + "/"); }

void move_tree(Tree& tree, const std::string& from, const std::string& to) {
    Tree moved;
    for (auto it = tree.begin(); it != tree.end();) {
        if (!below(it->first, from)) {
            ++it;
            continue;
        }
        moved[to + it->first.substr(from.size())] = it->second;
        it = tree.erase(it);
    }
    tree.merge(moved);
}

class Files final : public os::FileSystem {
   public:
    explicit Files(World& world) : w_(world) {}

    Result<os::FileInfo> info(const os::Path& path) const override {
        TRY_VOID(w_.alive());
        const auto found = w_.live.find(path.string());
        if (found == w_.live.end()) return os::FileInfo{};
        return os::FileInfo{found->second.type, found->second.content.size(), 0644, 0, 1, 0};
    }
    Result<std::string> read(const os::Path& path, std::uint64_t) const override {
        TRY_VOID(w_.alive());
        const auto found = w_.live.find(path.string());
        if (found == w_.live.end()) return fail(Code::not_found, "no file " + path.string());
        return found->second.content;
    }
    Result<os::Path> read_link(const os::Path& path) const override {
        TRY_VOID(w_.alive());
        const auto found = w_.live.find(path.string());
        if (found == w_.live.end()) return fail(Code::not_found, "no link " + path.string());
        if (found->second.type != os::FileType::symlink) return fail(Code::invalid, path.string() + " is no symlink");
        return os::Path(found->second.content);
    }
    Result<std::vector<std::string>> list(const os::Path& folder) const override {
        TRY_VOID(w_.alive());
        const auto base = folder.string();
        if (w_.live.count(base) == 0) return fail(Code::not_found, "no folder " + base);
        std::vector<std::string> names;
        for (const auto& [path, node] : w_.live)
            if (path.starts_with(base + "/") && path.find('/', base.size() + 1) == std::string::npos)
                names.push_back(path.substr(base.size() + 1));
        return names;
    }
    Result<os::DiskSpace> space(const os::Path&) const override { return os::DiskSpace{1ULL << 40U, 1ULL << 41U, 1, 1'000'000}; }

    Result<> make_folders(const os::Path& path, std::uint32_t, const os::Owner&) override {
        if (w_.live.count(path.string()) != 0) return w_.alive();
        return both("make folder", [path](Tree& tree) {
            for (os::Path at = path; at.string().size() > 1; at = at.parent_path())
                tree.try_emplace(at.string(), Node{os::FileType::folder, ""});
        });
    }
    Result<> write(const os::Path& path, std::string_view bytes, std::uint32_t, const os::Owner&) override {
        return both("write", [&, text = std::string(bytes)](Tree& tree) { tree[path.string()] = {os::FileType::regular, text}; });
    }
    Result<> point(const os::Path& link, const os::Path& target, const os::Owner&) override {
        TRY_VOID(w_.alive());
        const auto found = w_.live.find(link.string());
        if (found != w_.live.end() && found->second.type != os::FileType::symlink)
            return fail(Code::invalid, link.string() + " is no symlink");
        return both("point", [&](Tree& tree) { tree[link.string()] = {os::FileType::symlink, target.string()}; });
    }
    Result<> rename(const os::Path& from, const os::Path& to) override {
        TRY_VOID(w_.alive());
        if (w_.live.count(from.string()) == 0) return fail(Code::not_found, "no " + from.string());
        if (w_.live.count(to.string()) != 0) return fail(Code::conflict, to.string() + " exists");
        return both("rename", [&](Tree& tree) { move_tree(tree, from.string(), to.string()); });
    }
    Result<> exchange(const os::Path& a, const os::Path& b) override {
        return both("exchange", [&](Tree& tree) {
            move_tree(tree, a.string(), "/exchange");
            move_tree(tree, b.string(), a.string());
            move_tree(tree, "/exchange", b.string());
        });
    }
    Result<> remove_tree(const os::Path& path) override {
        TRY_VOID(w_.alive());
        if (w_.live.count(path.string()) == 0) return {};
        return both("remove",
                    [&](Tree& tree) { std::erase_if(tree, [&](const auto& row) { return below(row.first, path.string()); }); });
    }
    Result<> sync_tree(const os::Path& path) override {
        return w_.change("sync", [&]() -> Result<> {
            std::erase_if(w_.disk, [&](const auto& row) { return below(row.first, path.string()); });
            for (const auto& row : w_.live)
                if (below(row.first, path.string())) w_.disk.insert(row);
            return {};
        });
    }

   private:
    Result<> both(const std::string& what, const std::function<void(Tree&)>& edit) {
        return w_.change("files: " + what, [&]() -> Result<> {
            edit(w_.live);
            edit(w_.disk);
            return {};
        });
    }
    World& w_;
};

class SimUnpacker final : public Unpacker {
   public:
    SimUnpacker(World& world, std::string version) : w_(world), version_(std::move(version)) {}
    Result<Unpacked> unpack(const UnpackRequest& request) override {
        const auto base = request.into.string();
        TRY_VOID(w_.change("unpack: first half", [&]() -> Result<> {
            w_.live[base] = {os::FileType::folder, ""};
            w_.live[base + "/VERSION"] = {os::FileType::regular, version_};
            return {};
        }));
        TRY_VOID(w_.change("unpack: second half", [&]() -> Result<> {
            w_.live[base + "/package-lock.json"] = {os::FileType::regular, "{}"};
            return {};
        }));
        return Unpacked{100, 2};
    }
    Result<std::string> read_member(int, const std::string& name, std::uint64_t) override {
        return fail(Code::not_found, "no " + name);
    }
    Result<Unpacked> measure(int, const UnpackLimits&) override { return Unpacked{100, 2}; }

   private:
    World& w_;
    std::string version_;
};
}  // namespace

std::unique_ptr<os::FileSystem> make_files(World& world) { return std::make_unique<Files>(world); }
std::unique_ptr<Unpacker> make_unpacker(World& world, std::string version) {
    return std::make_unique<SimUnpacker>(world, std::move(version));
}

}  // namespace uprev::sim
