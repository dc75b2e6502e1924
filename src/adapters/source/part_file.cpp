// SPDX-License-Identifier: Apache-2.0
#include "adapters/source/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.hpp"

namespace uprev {

namespace {

constexpr std::size_t record_limit = 64U << 10U;

// REQUIRES: errno is fresh.
Error io_error(const std::string& what) { return os::system_error(errno, what); }

Result<std::string> read_small(int fd, const std::string& what) {
    std::string text(record_limit, '\0');
    const ssize_t got = pread(fd, text.data(), text.size(), 0);
    if (got < 0) return io_error("cannot read '" + what + "'");
    text.resize(static_cast<std::size_t>(got));
    return text;
}

// A record that can't be understood is as good as none: the download starts anew.
PartRecord parse_record(const std::string& text, const std::string& what) {
    auto json = parse_json(text, what);
    PartRecord record;
    if (!json || !json->is_object()) return record;
    const auto word = [&](const char* key) {
        const auto it = json->find(key);
        return it != json->end() && it->is_string() ? it->get<std::string>() : std::string{};
    };
    record.url = word("url");
    record.validator = word("validator");
    record.sha256 = word("sha256");
    if (const auto it = json->find("size"); it != json->end() && it->is_number_unsigned()) record.size = it->get<std::uint64_t>();
    if (const auto it = json->find("complete"); it != json->end() && it->is_boolean()) record.complete = it->get<bool>();
    return record;
}

}  // namespace

Result<HashedFile> hash_file(int fd) {
    Sha256 hash;
    HashedFile out;
    std::vector<char> buffer(256U << 10U);
    while (true) {
        const ssize_t got = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(out.size));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("cannot read the artifact");
        if (got == 0) break;
        hash.update(buffer.data(), static_cast<std::size_t>(got));
        out.size += static_cast<std::uint64_t>(got);
    }
    out.sha256 = hash.finish().hex;
    return out;
}

Result<PartFile> PartFile::open(const os::Path& folder, const std::string& name) {
    PartFile file;
    file.folder_path_ = folder;
    file.name_ = name;
    file.folder_ = os::Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!file.folder_) return io_error("cannot open folder '" + folder.string() + "'");
    const std::string part = name + ".part";
    file.part_ = os::Descriptor(openat(file.folder_.get(), part.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.part_) return io_error("cannot open '" + (folder / part).string() + "'");
    struct stat info {};
    if (fstat(file.part_.get(), &info) != 0) return io_error("cannot read '" + (folder / part).string() + "'");
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1)
        return fail(Code::refused, "'" + (folder / part).string() + "' is no ordinary file of its own",
                    "remove it and try again");
    if (flock(file.part_.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(Code::conflict, "another uprev is fetching '" + name + "' right now",
                    "wait for it, then run the command again");
    TRY_VOID(file.load());
    return file;
}

Result<> PartFile::load() {
    const std::string name = name_ + ".json";
    const os::Descriptor fd(openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return errno == ENOENT ? Result<>{} : Result<>(io_error("cannot open '" + (folder_path_ / name).string() + "'"));
    record_ = parse_record(TRY(read_small(fd.get(), name)), name);
    return {};
}

Result<std::uint64_t> PartFile::size() const {
    struct stat info {};
    if (fstat(part_.get(), &info) != 0) return io_error("cannot read the partial download");
    return static_cast<std::uint64_t>(info.st_size);
}

Result<> PartFile::keep(const PartRecord& record) {
    const nlohmann::ordered_json json{{"url", record.url},
                                      {"validator", record.validator},
                                      {"size", record.size},
                                      {"sha256", record.sha256},
                                      {"complete", record.complete}};
    const std::string aside = name_ + ".json.new";
    const os::Descriptor fd(openat(folder_.get(), aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return io_error("cannot open '" + (folder_path_ / aside).string() + "'");
    if (const int why = os::write_all(fd.get(), json.dump()); why != 0)
        return os::system_error(why, "cannot write '" + aside + "'");
    if (renameat(folder_.get(), aside.c_str(), folder_.get(), (name_ + ".json").c_str()) != 0)
        return io_error("cannot rename '" + aside + "'");
    record_ = record;
    return {};
}

Result<> PartFile::empty() {
    if (ftruncate(part_.get(), 0) != 0) return io_error("cannot empty the partial download");
    return keep({});
}

// Not waited for on its way to the disk: what a power cut leaves of it is hashed, and fetched again where it is torn, never believed.
Result<> PartFile::complete(const PartRecord& record) {
    TRY_VOID(keep(record));
    if (renameat(folder_.get(), (name_ + ".part").c_str(), folder_.get(), name_.c_str()) != 0)
        return io_error("cannot rename '" + name_ + ".part'");
    return {};
}

void PartFile::drop() { unlinkat(folder_.get(), (name_ + ".part").c_str(), 0); }

Result<HashedFile> PartFile::finished() const {
    const os::Descriptor fd(openat(folder_.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd)
        return errno == ENOENT ? Result<HashedFile>(HashedFile{})
                               : Result<HashedFile>(io_error("cannot open '" + (folder_path_ / name_).string() + "'"));
    return hash_file(fd.get());
}

}  // namespace uprev
