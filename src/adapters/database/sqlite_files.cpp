// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/sqlite_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/identity.hpp"

namespace uprev {

namespace {
constexpr const char* unfinished = "new";
constexpr std::array companions{"-wal", "-shm", "-journal"};

os::Path with(const os::Path& path, const char* suffix) { return path.string() + suffix; }

Result<bool> exists(const os::FileSystem& files, const os::Path& path) {
    return TRY(files.info(path)).type != os::FileType::missing;
}
}  // namespace

std::vector<int> SqliteFiles::holders() const {
    std::vector<int> out;
    for (const auto& file : {path_, with(path_, "-wal"), with(path_, "-shm")})
        for (const int pid : os::users_of(file))
            if (pid != getpid() && std::ranges::find(out, pid) == out.end()) out.push_back(pid);
    std::ranges::sort(out);
    return out;
}

Result<std::vector<os::Path>> SqliteFiles::laid(const std::string& mark) const {
    const os::Path prefix = stem(mark);
    std::vector<os::Path> out;
    for (const auto& name : TRY(files_.list(path_.parent_path())))
        if (name.starts_with(prefix.filename().string())) out.push_back(path_.parent_path() / name);
    return out;
}

Result<bool> SqliteFiles::swapped(const std::string& mark) {
    if (TRY(exists(files_, failed(mark)))) return true;
    for (const auto& path : TRY(laid(mark))) {
        const auto number = path.extension().string().substr(1);
        if (number == unfinished || std::to_string(TRY(TRY(DumpFile::open(path)).inode())) == number) continue;
        TRY_VOID(files_.rename(path, failed(mark)));
        return true;
    }
    return false;
}

Result<os::Path> SqliteFiles::lay_aside(const DumpFile& dump, const std::string& mark) {
    TRY_VOID(drop_laid(mark));
    const os::Path path = stem(mark) + unfinished;
    auto copy = TRY(DumpFile::create(path));
    struct stat like {};
    if (::stat(path_.c_str(), &like) != 0) return fail(Code::not_found, "'" + path_.string() + "' does not exist");
    TRY_VOID(copy.copy_from(dump));
    TRY_VOID(copy.give(like.st_uid, like.st_gid, like.st_mode & 07777U));
    TRY_VOID(copy.sync());
    os::Path ready = stem(mark) + std::to_string(TRY(copy.inode()));
    TRY_VOID(files_.rename(path, ready));
    return ready;
}

Result<std::optional<os::Path>> SqliteFiles::laid_aside(const std::string& mark) const {
    for (auto& path : TRY(laid(mark)))
        if (path.extension().string().substr(1) != unfinished) return std::optional(std::move(path));
    return std::optional<os::Path>();
}

Result<> SqliteFiles::drop_laid(const std::string& mark) {
    for (const auto& path : TRY(laid(mark))) TRY_VOID(files_.remove_tree(path));
    return {};
}

Result<> SqliteFiles::swap(const os::Path& laid, const std::string& mark) {
    for (const auto* companion : companions) {
        if (!TRY(exists(files_, with(path_, companion)))) continue;
        TRY_VOID(files_.remove_tree(with(failed(mark), companion)));
        TRY_VOID(files_.rename(with(path_, companion), with(failed(mark), companion)));
    }
    TRY_VOID(files_.exchange(laid, path_));
    return files_.rename(laid, failed(mark));
}

Result<std::optional<ReplacedDatabase>> SqliteFiles::kept(const std::string& mark) const {
    const auto main = TRY(files_.info(failed(mark)));
    if (main.type == os::FileType::missing) return std::optional<ReplacedDatabase>();
    ReplacedDatabase out{failed(mark).string(), main.size};
    for (const auto* companion : companions) out.bytes += TRY(files_.info(with(failed(mark), companion))).size;
    return std::optional(std::move(out));
}

Result<> SqliteFiles::drop_kept(const std::string& mark) {
    for (const auto* companion : companions) TRY_VOID(files_.remove_tree(with(failed(mark), companion)));
    return files_.remove_tree(failed(mark));
}

}  // namespace uprev
