// SPDX-License-Identifier: Apache-2.0
#include "adapters/layout/kept_paths.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace uprev {

namespace {
using os::FileType;
using os::Path;

Result<Path> checked(const std::string& text) {
    const Path path(text);
    const bool climbs = std::any_of(path.begin(), path.end(), [](const Path& part) { return part == ".."; });
    Path clean = path.lexically_normal();
    if (!clean.has_filename()) clean = clean.parent_path();
    if (text.empty() || path.is_absolute() || climbs || clean.empty() || clean == "." || text.find('\0') != std::string::npos)
        return fail(Code::invalid, "the kept path '" + excerpt(text) + "' is not a path inside a release",
                    "write it relative to the release folder, such as `.env`");
    return clean;
}

class Linker {
   public:
    Linker(const KeptPaths& kept, const Path& release, os::FileSystem& fs) : kept_(kept), release_(release), fs_(fs) {}

    Result<> link(const std::string& text) {
        const Path path = TRY(checked(text));
        const Path from = release_ / path;
        const Path target = (kept_.shared / path).lexically_relative(from.parent_path());
        TRY_VOID(require_plain_way(path));
        const auto present = TRY(fs_.info(from));
        if (present.type == FileType::symlink && TRY(fs_.read_link(from)) == target) return {};
        TRY_VOID(provide(text, path, present.type == FileType::folder));
        TRY_VOID(fs_.make_folders(from.parent_path(), 0755, kept_.owner));
        if (present.type != FileType::missing) TRY_VOID(set_aside(from));
        return fs_.point(from, target, kept_.owner);
    }

   private:
    // Every folder on the way down from the release, as far as it exists.
    Result<> require_plain_way(const Path& path) const {
        Path at = release_;
        for (const auto& part : path.parent_path()) {
            at /= part;
            const auto type = TRY(fs_.info(at)).type;
            if (type == FileType::missing) return {};
            if (type != FileType::folder)
                return fail(Code::refused,
                            "cannot link the kept path '" + path.string() + "': the release ships '" + at.string() + "' as a " +
                                (type == FileType::symlink ? "symlink" : "file"),
                            "keep that path instead, or ask the vendor");
        }
        return {};
    }

    // Its place in the shared folder. A folder may be made empty; a file is the operator's to write.
    Result<> provide(const std::string& text, const Path& path, bool shipped_as_folder) {
        const Path place = kept_.shared / path;
        if (TRY(fs_.info(place)).type != FileType::missing) return {};
        if (text.ends_with('/') || shipped_as_folder) return fs_.make_folders(place, 0755, kept_.owner);
        return fail(Code::not_found, "the kept path '" + path.string() + "' does not exist in '" + kept_.shared.string() + "'",
                    "put the file there, or end its name with '/' under `keep` when it is a folder that may start out empty");
    }

    // <path>.vendor, or the first of <path>.vendor.2 … that is free: what the vendor ships is never thrown away.
    Result<> set_aside(const Path& from) {
        Path aside = from;
        aside += ".vendor";
        for (int number = 2; TRY(fs_.info(aside)).type != FileType::missing; ++number) {
            aside = from;
            aside += ".vendor." + std::to_string(number);
        }
        return fs_.rename(from, aside);
    }

    const KeptPaths& kept_;
    const Path& release_;
    os::FileSystem& fs_;
};
}  // namespace

Result<> link_kept_paths(const KeptPaths& kept, const os::Path& release, os::FileSystem& fs) {
    Linker linker(kept, release, fs);
    for (const auto& path : kept.paths) TRY_VOID(linker.link(path));
    return {};
}

}  // namespace uprev
