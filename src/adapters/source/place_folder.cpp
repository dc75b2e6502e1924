// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "adapters/source/place.hpp"

namespace uprev {

namespace {

constexpr const char* feed_name = "feed.json";

class FolderPlace final : public Place {
   public:
    explicit FolderPlace(const FeedSpec& feed) : feed_(feed), root_(os::Path(feed.url).lexically_normal()) {
        if (!root_.has_filename()) root_ = root_.parent_path();
    }

    [[nodiscard]] std::string feed_address() const override { return (root_ / feed_name).string(); }

    Result<std::string> absolute(const std::string& address) const override {
        if (address.find("://") != std::string::npos)
            return fail(
                Code::refused,
                "'" + address.substr(0, address.find('?')) + "' is a web address in the feed of folder '" + root_.string() + "'",
                "put the file into the folder and name it relative to the feed");
        if (address.empty() || address.find('\0') != std::string::npos)
            return fail(Code::invalid, "the feed in '" + root_.string() + "' names a file with an empty or impossible name");
        const std::string relative = TRY(below(address));
        return (root_ / relative).string();
    }

    Result<std::string> read(const std::string& address, std::uint64_t limit) override {
        const os::Descriptor fd = TRY(open(address));
        return os::read_all(fd.get(), limit, "'" + address + "'");
    }

    // Copied, so that a file that changes on the medium later is not what runs.
    Result<HashedFile> fetch(const std::string& address, std::uint64_t size, PartFile& part, const FetchWatch& watch) override {
        const os::Descriptor from = TRY(open(address));
        struct stat info {};
        if (fstat(from.get(), &info) != 0) return os::system_error(errno, "cannot read '" + address + "'");
        const auto total = static_cast<std::uint64_t>(info.st_size);
        if (size != 0 && total != size)
            return fail(Code::corrupt,
                        "'" + address + "' has " + std::to_string(total) + " bytes where the feed states " + std::to_string(size),
                        "copy the file again");
        if (total > feed_.max_artifact_bytes)
            return fail(
                Code::exhausted,
                "'" + address + "' has more than the " + std::to_string(feed_.max_artifact_bytes) + " bytes that are allowed",
                "raise source.feed.max_artifact_bytes");
        TRY_VOID(part.empty());
        return copy(from.get(), address, total, part, watch);
    }

    bool unchanged(const std::string&, const PartRecord&) override { return false; }

   private:
    static Result<HashedFile> copy(int from, const std::string& address, std::uint64_t total, PartFile& part,
                                   const FetchWatch& watch) {
        Sha256 hash;
        HashedFile out;
        std::vector<char> buffer(1U << 20U);
        while (out.size < total) {
            if (watch.cancelled && watch.cancelled()) return fail(Code::interrupted, "copying '" + address + "' was cancelled");
            const ssize_t got = pread(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), total - out.size),
                                      static_cast<off_t>(out.size));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return fail(Code::corrupt, "'" + address + "' became shorter while it was read", "copy the file again");
            const auto bytes = static_cast<std::size_t>(got);
            hash.update(buffer.data(), bytes);
            for (std::size_t at = 0; at < bytes;) {
                const ssize_t put = pwrite(part.descriptor(), buffer.data() + at, bytes - at, static_cast<off_t>(out.size + at));
                if (put < 0 && errno == EINTR) continue;
                if (put <= 0) return os::system_error(put < 0 ? errno : EIO, "cannot write the copy");
                at += static_cast<std::size_t>(put);
            }
            out.size += bytes;
            if (watch.progress) watch.progress({out.size, total});
        }
        out.sha256 = hash.finish().hex;
        return out;
    }

    // `address` without the folder before it; whatever could lead out is refused here already.
    Result<std::string> below(const std::string& address) const {
        os::Path path(address);
        if (path.is_absolute()) {
            const std::string prefix = root_.string() + "/";
            if (address.compare(0, prefix.size(), prefix) != 0) return outside(address);
            path = os::Path(address.substr(prefix.size()));
        }
        for (const auto& component : path)
            if (component == "..") return outside(address);
        return path.lexically_normal().string();
    }

    Error outside(const std::string& address) const {
        return fail(Code::refused, "'" + address + "' lies outside of the feed's folder '" + root_.string() + "'",
                    "put the file into the folder and name it relative to the feed");
    }

    Result<os::Descriptor> open(const std::string& address) const {
        const os::Descriptor folder(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder) return missing("cannot open the feed's folder '" + root_.string() + "'");
        open_how how{};
        how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        const std::string relative = TRY(below(address));
        os::Descriptor fd(static_cast<int>(syscall(SYS_openat2, folder.get(), relative.c_str(), &how, sizeof how)));
        if (!fd && errno == ELOOP)
            return fail(Code::refused, "'" + address + "' is, or lies behind, a symbolic link",
                        "put the file itself into the folder");
        if (!fd) return missing("cannot open '" + address + "'");
        struct stat info {};
        if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
            return fail(Code::refused, "'" + address + "' is no ordinary file");
        return fd;
    }

    static Error missing(const std::string& what) {
        Error error = os::system_error(errno, what);
        if (error.code == Code::not_found) error.hint = "check source.feed.url in the site file and what lies in the folder";
        return error;
    }

    FeedSpec feed_;
    os::Path root_;
};

}  // namespace

std::unique_ptr<Place> make_folder_place(const FeedSpec& feed) { return std::make_unique<FolderPlace>(feed); }

}  // namespace uprev
