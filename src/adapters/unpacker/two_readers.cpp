// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/two_readers.hpp"

#include <archive_entry.h>

#include <optional>
#include <string>
#include <string_view>

#include "adapters/unpacker/entry_name.hpp"

namespace uprev {

namespace {

Error disagreement(const TarHeader& header, const char* about) {
    return fail(Code::refused,
                "the archive's entry '" + shown_name(header.name) + "' is refused: two readers disagree about " + about,
                "ask the vendor; do not unpack it by hand");
}

std::optional<EntryKind> kind_of(archive_entry* entry) {
    if (archive_entry_hardlink(entry) != nullptr) return EntryKind::hardlink;
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
            return EntryKind::file;
        case AE_IFDIR:
            return EntryKind::folder;
        case AE_IFLNK:
            return EntryKind::symlink;
        default:
            return {};
    }
}

std::string_view without_slash(std::string_view name) {
    while (name.size() > 1 && name.back() == '/') name.remove_suffix(1);
    return name;
}

}  // namespace

Result<> same_entry(const TarHeader& header, archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    const auto kind = kind_of(entry);
    if (name == nullptr || without_slash(name) != without_slash(header.name)) return disagreement(header, "its name");
    if (!kind || *kind != header.kind) return disagreement(header, "its kind");
    if (header.kind == EntryKind::file && static_cast<std::uint64_t>(archive_entry_size(entry)) != header.size)
        return disagreement(header, "its size");
    const char* link = header.kind == EntryKind::symlink ? archive_entry_symlink(entry) : archive_entry_hardlink(entry);
    if ((header.kind == EntryKind::symlink || header.kind == EntryKind::hardlink) && (link == nullptr || header.link != link))
        return disagreement(header, "its target");
    return {};
}

}  // namespace uprev
