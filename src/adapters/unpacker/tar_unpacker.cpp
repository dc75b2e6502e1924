// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/tar_unpacker.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "adapters/unpacker/entry_name.hpp"
#include "adapters/unpacker/stated_size.hpp"
#include "adapters/unpacker/tar_reader.hpp"
#include "adapters/unpacker/tree_writer.hpp"
#include "os/descriptor.hpp"
#include "os/identity.hpp"

namespace uprev {

namespace {

Result<> make_top(const os::Path& into) {
    if (mkdir(into.c_str(), 0755) == 0) {
        if (chmod(into.c_str(), 0755) == 0) return {};  // whatever the umask is
    } else if (errno == EEXIST) {
        return {};
    }
    return os::system_error(errno, "cannot make folder '" + into.string() + "'");
}

// As the user; where only root may write into the parent, root makes it (nobody else can interfere there) and gives it away.
Result<> make_folder(const os::Path& into, const std::string& user) {
    auto made = os::as_user(user, [&] { return make_top(into); });
    if (made || made.error().code != Code::permission || !os::is_root()) return made;
    const os::User owner = TRY(os::find_user(user));
    TRY_VOID(make_top(into));
    if (lchown(into.c_str(), owner.uid, owner.gid) != 0)
        return os::system_error(errno, "cannot give '" + into.string() + "' to '" + user + "'");
    return {};
}

Result<> write_entry(TarReader& reader, const TarEntry& entry, TreeWriter& writer) {
    switch (entry.kind) {
        case EntryKind::folder:
            return writer.folder(entry.path);
        case EntryKind::hardlink:
            return writer.hardlink(entry.link, entry.path);
        case EntryKind::symlink:
            return {};
        case EntryKind::file:
            break;
    }
    TRY_VOID(writer.begin_file(entry.path));
    while (true) {
        const auto piece = TRY(reader.data());
        if (piece.empty()) break;
        TRY_VOID(writer.write(piece));
    }
    return writer.end_file(entry.executable, entry.modified);
}

Result<Unpacked> unpack_into(const UnpackRequest& request) {
    auto reader = TRY(TarReader::open(request.fd, request.limits, request.cancelled));
    TreeWriter writer = TRY(TreeWriter::open(request.into));
    while (const TarEntry* entry = TRY(reader->next())) TRY_VOID(write_entry(*reader, *entry, writer));
    if (reader->sha256() != request.sha256)
        return fail(Code::untrusted,
                    "the archive that was unpacked has digest " + reader->sha256() + ", not the verified " + request.sha256,
                    "somebody changed it after it was verified: find out who can write there");
    const std::string root = request.strip_single_root ? reader->tree().single_root() : std::string{};
    TRY_VOID(reader->tree().check_links(root));
    for (const auto& [path, target] : reader->tree().links()) TRY_VOID(writer.symlink(target, path));
    if (!root.empty()) TRY_VOID(writer.lift(root));
    return reader->totals();
}

// A member of the release, whether or not the archive has one folder around everything.
bool is_member(const TarEntry& entry, const std::string& name, const ReleaseTree& tree) {
    if (entry.path == name) return true;
    const std::string root = tree.single_root();
    return !root.empty() && entry.path == root + "/" + name;
}

class TarUnpacker final : public Unpacker {
   public:
    Result<Unpacked> unpack(const UnpackRequest& request) override {
        TRY_VOID(make_folder(request.into, request.user));
        Unpacked done;
        // The decoding thread is started inside, so that it too has only the user's rights.
        TRY_VOID(os::as_user(request.user, [&]() -> Result<> {
            done = TRY(unpack_into(request));
            return {};
        }));
        return done;
    }

    Result<std::string> read_member(int fd, const std::string& name, std::uint64_t limit) override {
        auto reader = TRY(TarReader::open(fd, UnpackLimits{}, {}));
        while (const TarEntry* entry = TRY(reader->next())) {
            if (!is_member(*entry, name, reader->tree())) continue;
            if (entry->kind != EntryKind::file)
                return fail(Code::refused, "'" + shown_name(name) + "' is no plain file in the archive", "ask the vendor");
            if (entry->size > limit)
                return fail(Code::exhausted,
                            "'" + shown_name(name) + "' has more than the " + std::to_string(limit) + " bytes that are allowed",
                            "ask the vendor");
            return read_all(*reader);
        }
        return fail(Code::not_found, "the archive holds no '" + shown_name(name) + "'");
    }

    Result<Unpacked> measure(int fd, const UnpackLimits& limits) override {
        auto reader = TRY(TarReader::open(fd, limits, {}));
        while (TRY(reader->next()) != nullptr) {
        }
        TRY_VOID(reader->tree().check_links(reader->tree().single_root()));
        return reader->totals();
    }

    Result<std::uint64_t> stated_size(int fd) override { return stated_unpacked_size(fd); }

   private:
    static Result<std::string> read_all(TarReader& reader) {
        std::string text;
        while (true) {
            const auto piece = TRY(reader.data());
            if (piece.empty()) return text;
            text.append(piece);
        }
    }
};

}  // namespace

std::unique_ptr<Unpacker> make_tar_unpacker() { return std::make_unique<TarUnpacker>(); }

}  // namespace uprev
