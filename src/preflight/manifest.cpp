// SPDX-License-Identifier: Apache-2.0
#include "preflight/manifest.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace uprev {

namespace {
Result<> collect(const os::FileSystem& fs, const os::Path& folder, const std::string& relative, Json& files) {
    for (const auto& name : TRY(fs.list(folder))) {
        if (name == "node_modules") continue;
        const auto info = TRY(fs.info(folder / name));
        const auto path = relative.empty() ? name : relative + "/" + name;
        if (info.type == os::FileType::folder) TRY_VOID(collect(fs, folder / name, path, files));
        if (info.type == os::FileType::regular) files[path] = {info.size, info.modified};
    }
    return {};
}

os::Path manifest_of(const os::Path& folder, const os::Path& manifests) {
    return manifests / (folder.filename().string() + ".json");
}
}  // namespace

Result<std::size_t> write_manifest(os::FileSystem& fs, const os::Path& folder, const os::Path& manifests) {
    Json files = Json::object();
    TRY_VOID(collect(fs, folder, "", files));
    TRY_VOID(fs.make_folders(manifests, 0700));
    TRY_VOID(fs.write(manifest_of(folder, manifests), files.dump(-1, ' ', false, Json::error_handler_t::replace), 0600));
    return files.size();
}

Result<std::vector<std::string>> edited_since(const os::FileSystem& fs, const os::Path& folder, const os::Path& manifests,
                                              std::size_t limit) {
    auto text = fs.read(manifest_of(folder, manifests));
    if (!text && text.error().code == Code::not_found) return std::vector<std::string>{};
    if (!text) return std::move(text).error();
    const auto then = Json::parse(*text, nullptr, false);
    if (!then.is_object())
        return fail(Code::corrupt, "the manifest of '" + folder.string() + "' cannot be read",
                    "remove " + manifest_of(folder, manifests).string() + " if you know that nothing was edited there");
    std::vector<std::string> edited;
    for (const auto& [path, seal] : then.items()) {
        const auto info = TRY(fs.info(folder / path));
        const bool same = info.type == os::FileType::regular && Json({info.size, info.modified}) == seal;
        if (!same) edited.push_back(path);
        if (edited.size() >= limit) break;
    }
    return edited;
}

}  // namespace uprev
