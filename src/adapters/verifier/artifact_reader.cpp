// SPDX-License-Identifier: Apache-2.0
#include "adapters/verifier/artifact_reader.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "os/descriptor.hpp"

namespace uprev {

namespace {
constexpr std::size_t piece_bytes = 256U << 10U;
constexpr std::uint64_t whole_limit = 1ULL << 30U;
}  // namespace

Result<> read_artifact(const Subject& subject, const std::function<void(std::string_view)>& piece) {
    if (subject.fd < 0) {
        piece(subject.text);
        return {};
    }
    std::vector<char> buffer(piece_bytes);
    for (off_t at = 0;;) {
        const ssize_t got = pread(subject.fd, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Code::failed, "cannot read '" + subject.name + "': " + os::errno_text(errno));
        if (got == 0) return {};
        piece({buffer.data(), static_cast<std::size_t>(got)});
        at += got;
    }
}

Result<> with_whole_artifact(const Subject& subject, const std::function<void(std::string_view)>& work) {
    if (subject.fd < 0) {
        work(subject.text);
        return {};
    }
    struct stat info {};
    if (fstat(subject.fd, &info) != 0) return fail(Code::failed, "cannot read '" + subject.name + "': " + os::errno_text(errno));
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > whole_limit)
        return fail(Code::refused, "'" + subject.name + "' is over 1 GiB, too big for a legacy signature",
                    "ask the vendor to sign it prehashed (minisign without -l)");
    if (size == 0) {
        work({});
        return {};
    }
    const auto unmap = [size](void* at) { munmap(at, size); };
    void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, subject.fd, 0);
    if (mapped == MAP_FAILED) return fail(Code::failed, "cannot map '" + subject.name + "': " + os::errno_text(errno));
    const std::unique_ptr<void, decltype(unmap)> owner(mapped, unmap);
    work({static_cast<const char*>(mapped), size});
    return {};
}

}  // namespace uprev
