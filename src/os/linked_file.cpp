// SPDX-License-Identifier: Apache-2.0
#include "os/linked_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

namespace uprev::os {

namespace {
constexpr int links_at_most = 40;  // as the kernel's own limit

// Walks as the kernel does, one part at a time, and notes who made the links. Holding each part open, it can't be led past one.
class Walk {
   public:
    explicit Walk(const std::string& what) : what_(what) {}

    Result<Descriptor> to(const Path& path) {
        TRY_VOID(turn(std::filesystem::absolute(path)));
        while (!ahead_.empty()) {
            const Path part = ahead_.back();
            ahead_.pop_back();
            TRY_VOID(enter(part));
        }
        return std::move(at_);
    }
    [[nodiscard]] const std::vector<uid_t>& makers() const { return makers_; }

   private:
    [[nodiscard]] Error wrong(int error) const { return system_error(error, "cannot open " + what_); }

    Result<> turn(const Path& path) {
        if (path.is_absolute()) at_.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!at_) return wrong(errno);
        const Path relative = path.relative_path();
        const std::vector<Path> parts(relative.begin(), relative.end());
        ahead_.insert(ahead_.end(), parts.rbegin(), parts.rend());
        return {};
    }

    Result<> enter(const Path& part) {
        if (part.empty()) return {};
        Descriptor next(::openat(at_.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat about {};
        if (!next || ::fstat(next.get(), &about) != 0) return wrong(errno);
        if (!S_ISLNK(about.st_mode)) {
            at_ = std::move(next);
            return {};
        }
        makers_.push_back(about.st_uid);
        if (makers_.size() > links_at_most) return wrong(ELOOP);
        std::array<char, PATH_MAX> target{};
        const auto length = ::readlinkat(next.get(), "", target.data(), target.size());
        if (length < 0) return wrong(errno);
        return turn(std::string(target.data(), static_cast<std::size_t>(length)));
    }

    const std::string& what_;
    Descriptor at_;
    std::vector<Path> ahead_;  // the nearest last
    std::vector<uid_t> makers_;
};
}  // namespace

bool link_may_lead(uid_t maker, uid_t owner_of_file) { return maker == 0 || maker == owner_of_file; }

Result<Descriptor> open_linked_file(const Path& path, const std::string& what) {
    Walk walk(what);
    const Descriptor found = TRY(walk.to(path));
    struct stat about {};
    if (::fstat(found.get(), &about) != 0) return system_error(errno, "cannot examine " + what);
    if (!S_ISREG(about.st_mode)) return fail(Code::refused, what + " is not a regular file", "put a file there");
    const auto& makers = walk.makers();
    if (::geteuid() == 0 && !std::all_of(makers.begin(), makers.end(), [&](uid_t m) { return link_may_lead(m, about.st_uid); }))
        return fail(Code::refused, what + " is reached by a link that another user than the file's owner made",
                    "name the file itself in the site file, or have root make the link (chown -h root)");
    Descriptor fd(::open(("/proc/self/fd/" + std::to_string(found.get())).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return system_error(errno, "cannot open " + what);
    return fd;
}

}  // namespace uprev::os
