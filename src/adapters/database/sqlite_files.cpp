// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/sqlite_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/identity.hpp"

namespace uprev {

namespace {
constexpr std::array companions{"-wal", "-shm", "-journal"};

os::Path with(const os::Path& path, const char* suffix) { return path.string() + suffix; }

Result<bool> exists(const os::FileSystem& files, const os::Path& path) { return TRY(files.info(path)).type != os::FileType::missing; }
}  // namespace

std::vector<int> SqliteFiles::holders() const {
    std::vector<int> out;
    for (const auto& file : {path_, with(path_, "-wal"), with(path_, "-shm")})
        for (const int pid : os::users_of(file))
            if (pid != getpid() && std::ranges::find(out, pid) == out.end()) out.push_back(pid);
    std::ranges::sort(out);
    return out;
}

// Between the exchange and the last rename the database is the dump, byte for byte, since nobody has opened it yet.
Result<bool> SqliteFiles::swapped(const std::string& mark, const std::string& sha256) const {
    if (TRY(exists(files_, failed(mark)))) return true;
    if (!TRY(exists(files_, aside(mark)))) return false;
    auto live = DumpFile::open(path_);
    return live && TRY(live->digest()) == sha256;
}

Result<> SqliteFiles::lay_aside(const DumpFile& dump, const std::string& mark) {
    TRY_VOID(files_.remove_tree(aside(mark)));
    auto copy = TRY(DumpFile::create(aside(mark)));
    struct stat like{};
    if (::stat(path_.c_str(), &like) != 0) return fail(Code::not_found, "'" + path_.string() + "' does not exist");
    TRY_VOID(copy.copy_from(dump));
    TRY_VOID(copy.give(like.st_uid, like.st_gid, like.st_mode & 07777U));
    return copy.sync();
}

Result<> SqliteFiles::swap(const std::string& mark) {
    for (const auto* companion : companions) {
        if (!TRY(exists(files_, with(path_, companion)))) continue;
        TRY_VOID(files_.remove_tree(with(failed(mark), companion)));
        TRY_VOID(files_.rename(with(path_, companion), with(failed(mark), companion)));
    }
    TRY_VOID(files_.exchange(aside(mark), path_));
    return finish_swap(mark);
}

Result<> SqliteFiles::finish_swap(const std::string& mark) {
    if (TRY(exists(files_, failed(mark)))) return files_.remove_tree(aside(mark));
    return files_.rename(aside(mark), failed(mark));
}

}  // namespace uprev
