// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/stated_size.hpp"

#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace uprev {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t memory_limit = 32U << 20U;

std::string read_some(int fd, std::uint64_t at, std::size_t room) {
    std::string bytes(room, '\0');
    const ssize_t got = pread(fd, bytes.data(), room, static_cast<off_t>(at));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

// liblzma finds the indexes of all streams by asking for other places in the file.
std::uint64_t xz_size(int fd, std::uint64_t file_size) {
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_index* index = nullptr;
    if (lzma_file_info_decoder(&stream, &index, memory_limit, file_size) != LZMA_OK) return 0;
    std::uint64_t at = 0;
    std::string input;
    lzma_ret rc = LZMA_OK;
    while (rc == LZMA_OK || rc == LZMA_SEEK_NEEDED) {
        if (rc == LZMA_SEEK_NEEDED) {
            at = stream.seek_pos;
            stream.avail_in = 0;
        }
        if (stream.avail_in == 0) {
            input = read_some(fd, at, 64U << 10U);
            at += input.size();
            stream.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
            stream.avail_in = input.size();
        }
        rc = lzma_code(&stream, input.empty() ? LZMA_FINISH : LZMA_RUN);
    }
    const std::uint64_t size = rc == LZMA_STREAM_END ? lzma_index_uncompressed_size(index) : 0;
    lzma_index_end(index, nullptr);
    lzma_end(&stream);
    return size;
}

// The last four bytes: the size modulo 2^32, of the last member.
std::uint64_t gzip_size(int fd, std::uint64_t file_size) {
    if (file_size < 18) return 0;
    const std::string trailer = read_some(fd, file_size - 4, 4);
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < trailer.size(); ++i) size |= std::uint64_t{static_cast<unsigned char>(trailer[i])} << (8 * i);
    return size;
}

std::uint64_t zstd_size(const std::string& start) {
    const auto size = ZSTD_getFrameContentSize(start.data(), start.size());
    return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

}  // namespace

Result<std::uint64_t> stated_unpacked_size(int fd) {
    struct stat info {};
    if (fstat(fd, &info) != 0) return fail(Code::failed, std::string("cannot read the archive: ") + os::errno_text(errno));
    const auto file_size = static_cast<std::uint64_t>(info.st_size);
    const std::string start = read_some(fd, 0, 512);
    if (start.starts_with("\xfd"
                          "7zXZ\0"sv))
        return xz_size(fd, file_size);
    if (start.starts_with("\x1f\x8b"sv)) return gzip_size(fd, file_size);
    if (start.starts_with("\x28\xb5\x2f\xfd"sv)) return zstd_size(start);
    return start.size() >= 262 && start.substr(257, 5) == "ustar" ? file_size : 0;
}

}  // namespace uprev
