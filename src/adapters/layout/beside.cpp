// SPDX-License-Identifier: Apache-2.0
#include "adapters/layout/beside.hpp"

#include <algorithm>

#include "adapters/layout/kept_paths.hpp"

namespace uprev {

namespace {
using os::FileType;
using os::Path;

std::string quoted(const Path& path) { return "'" + path.string() + "'"; }

Path tidy(const Path& path) {
    Path clean = path.lexically_normal();
    return clean.has_filename() || clean == "/" ? clean : clean.parent_path();
}

class Beside final : public Layout {
   public:
    Beside(const SiteFile& site, os::FileSystem& fs)
        : fs_(fs),
          root_(tidy(site.root)),
          pointer_(tidy(root_ / site.current)),
          releases_(tidy(root_ / site.releases)),
          owner_{site.user},
          kept_{site.keep, tidy(site.shared.empty() ? root_ / "shared" : root_ / site.shared), owner_} {}

    Result<PlacedRelease> active() const override {
        const auto about = TRY(fs_.info(pointer_));
        if (about.type == FileType::missing)
            return fail(Code::not_found, "there is no pointer " + quoted(pointer_),
                        "`uprev adopt` takes an existing installation in");
        if (about.type != FileType::symlink)
            return fail(Code::invalid,
                        "the pointer " + quoted(pointer_) + " is a " + (about.type == FileType::folder ? "folder" : "file") +
                            ", not a symlink",
                        "move it to " + quoted(releases_) + " and make " + quoted(pointer_) + " a symlink to it");
        const Path target = TRY(fs_.read_link(pointer_));
        const Path folder = tidy(target.is_absolute() ? target : pointer_.parent_path() / target);
        if (!is_release(folder))
            return fail(Code::invalid,
                        "the pointer " + quoted(pointer_) + " leads to " + quoted(target) + ", which is not a folder in " +
                            quoted(releases_),
                        "point it to the release that runs, or correct `root:` and `releases:` (real paths, without symlinks)");
        if (TRY(fs_.info(folder)).type != FileType::folder)
            return fail(Code::invalid, "the pointer " + quoted(pointer_) + " dangles: there is no folder " + quoted(folder),
                        "point it to a release that exists");
        return PlacedRelease{folder, version_of_folder(folder.filename().string()), true};
    }

    Result<std::vector<PlacedRelease>> placed() const override {
        std::vector<PlacedRelease> out;
        if (TRY(fs_.info(releases_)).type == FileType::missing) return out;
        const auto current = active();
        for (const auto& name : TRY(fs_.list(releases_))) {
            const Path folder = releases_ / name;
            if (!is_release(folder) || TRY(fs_.info(folder)).type != FileType::folder) continue;
            out.push_back({folder, version_of_folder(name), current && current->folder == folder});
        }
        return out;
    }

    Result<> link_kept(const Path& folder) override { return link_kept_paths(kept_, tidy(folder), fs_); }

    Result<> promote(const Path& staged, const Path& final) override {
        const Path to = tidy(final);
        if (!is_release(to))
            return fail(Code::invalid, "cannot place a release at " + quoted(final) + ": it is not in " + quoted(releases_));
        const bool here = TRY(fs_.info(staged)).type != FileType::missing;
        const bool there = TRY(fs_.info(to)).type != FileType::missing;
        if (!here && there) return {};
        if (!here) return fail(Code::not_found, "there is no staged release " + quoted(staged));
        TRY_VOID(fs_.make_folders(releases_, 0755, owner_));
        return fs_.rename(tidy(staged), to);
    }

    Result<> activate(const Path& release) override {
        const Path folder = tidy(release);
        if (!is_release(folder))
            return fail(Code::invalid, "cannot activate " + quoted(release) + ": it is not in " + quoted(releases_));
        if (TRY(fs_.info(folder)).type != FileType::folder)
            return fail(Code::not_found, "cannot activate " + quoted(folder) + ": there is no such folder",
                        "`uprev status` lists the releases on disk");
        // A pointer that leads nowhere may be repaired; a folder in its place is refused by point().
        if (const auto now = active(); now && now->folder == folder) return {};
        // Or a power cut after the switch could leave the pointer on files that were never written.
        TRY_VOID(fs_.sync_tree(folder));
        return fs_.point(pointer_, folder.lexically_relative(pointer_.parent_path()), owner_);
    }

    Result<> discard(const Path& release) override {
        const Path folder = tidy(release);
        if (folder.parent_path() != releases_)
            return fail(Code::invalid, "cannot remove " + quoted(release) + ": it is not in " + quoted(releases_));
        const auto now = active();
        if (!now && now.error().code != Code::not_found) return Error(now.error()).within("cannot remove " + quoted(folder));
        if (now && now->folder == folder)
            return fail(Code::refused, "cannot remove " + quoted(folder) + ": it is the active release");
        // Renamed first: what is half removed must not look like a release.
        const Path aside = releases_ / (".discarded." + folder.filename().string());
        TRY_VOID(fs_.remove_tree(aside));
        if (TRY(fs_.info(folder)).type == FileType::missing) return {};
        TRY_VOID(fs_.rename(folder, aside));
        return fs_.remove_tree(aside);
    }

   private:
    [[nodiscard]] bool is_release(const Path& folder) const {
        return folder.parent_path() == releases_ && folder.has_filename() && !folder.filename().string().starts_with('.');
    }

    os::FileSystem& fs_;
    Path root_;
    Path pointer_;
    Path releases_;
    os::Owner owner_;
    KeptPaths kept_;
};
}  // namespace

std::unique_ptr<Layout> make_beside_layout(const SiteFile& site, os::FileSystem& fs) {
    return std::make_unique<Beside>(site, fs);
}

std::string release_folder_name(const std::string& compact_stamp, const Version& version) {
    return compact_stamp + "_v" + version.text();
}

std::string version_of_folder(const std::string& name) {
    // The first "_v" that a version follows: a pre-release may hold letters, but no underscore.
    for (auto at = name.find("_v"); at != std::string::npos; at = name.find("_v", at + 1))
        if (const auto version = Version::parse(name.substr(at + 2))) return version->text();
    return {};
}

}  // namespace uprev
