// SPDX-License-Identifier: Apache-2.0
// For tests: a folder with an outside that must stay as it is, archives from bytes, and packing by the real tools' libraries.
#pragma once

#include <gtest/gtest.h>
#include <lzma.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "../../../tests/support/tar_writer.hpp"
#include "adapters/unpacker/tar_unpacker.hpp"
#include "release/digest.hpp"

namespace uprev::test {

inline std::string gzip(const std::string& bytes) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

inline std::string xz(const std::string& bytes) {
    std::string out(lzma_stream_buffer_bound(bytes.size()), '\0');
    std::size_t size = 0;
    const auto rc = lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            bytes.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
    EXPECT_EQ(LZMA_OK, rc);
    out.resize(size);
    return out;
}

// The same, but its header asks for a dictionary of 1 GiB. The xz file format 1.1.0, sections 3.1 and 5.3.1.
inline std::string xz_hungry(const std::string& bytes) {
    std::string out = xz(bytes);
    const std::size_t header = 12;
    const std::size_t size = (static_cast<unsigned char>(out[header]) + 1U) * 4;
    const auto filter = out.find("\x21\x01", header);
    EXPECT_LT(filter, header + size);
    out[filter + 2] = 36;
    const std::uint32_t crc = lzma_crc32(reinterpret_cast<const std::uint8_t*>(out.data()) + header, size - 4, 0);
    for (std::size_t i = 0; i < 4; ++i) out[header + size - 4 + i] = static_cast<char>(crc >> (8 * i));
    return out;
}

inline std::string zstd(const std::string& bytes) {
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
    return out;
}

class ArchiveFixture : public testing::Test {
   protected:
    ArchiveFixture() : base(std::filesystem::temp_directory_path() / ("uprev-unpack-" + std::to_string(getpid()))) {
        std::filesystem::remove_all(base);
        std::filesystem::create_directories(base / "outside");
        std::ofstream(base / "outside" / "treasure") << "untouched";
        into = base / "staging";
    }
    ~ArchiveFixture() override { std::filesystem::remove_all(base); }

    Result<Unpacked> unpack(const std::string& bytes, const UnpackLimits& limits = {}) {
        UnpackRequest request = make_request(bytes);
        request.limits = limits;
        auto done = make_tar_unpacker()->unpack(request);
        close(request.fd);
        return done;
    }
    UnpackRequest make_request(const std::string& bytes) const {
        UnpackRequest request;
        request.fd = memory_file(bytes);
        request.sha256 = sha256(bytes).hex;
        request.into = into;
        return request;
    }
    static int memory_file(const std::string& bytes) {
        const int fd = memfd_create("archive", MFD_CLOEXEC);
        EXPECT_EQ(static_cast<ssize_t>(bytes.size()), pwrite(fd, bytes.data(), bytes.size(), 0));
        return fd;
    }
    static Result<Unpacked> measure(const std::string& bytes, const UnpackLimits& limits = {}) {
        const int fd = memory_file(bytes);
        auto done = make_tar_unpacker()->measure(fd, limits);
        close(fd);
        return done;
    }
    static Result<std::string> member(const std::string& bytes, const std::string& name, std::uint64_t limit = 1U << 20U) {
        const int fd = memory_file(bytes);
        auto done = make_tar_unpacker()->read_member(fd, name, limit);
        close(fd);
        return done;
    }

    // What lies below a folder: path -> "file:CONTENT", "folder" or "link:TARGET".
    static std::map<std::string, std::string> listing(const std::filesystem::path& folder) {
        std::map<std::string, std::string> out;
        if (!std::filesystem::exists(folder)) return out;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            const std::string name = entry.path().lexically_relative(folder);
            if (entry.is_symlink())
                out[name] = "link:" + std::filesystem::read_symlink(entry.path()).string();
            else if (entry.is_directory())
                out[name] = "folder";
            else if (entry.is_regular_file())
                out[name] = "file:" + slurp(entry.path());
            else
                out[name] = "other";
        }
        return out;
    }
    static std::string slurp(const std::filesystem::path& path) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    void expect_outside_untouched() const {
        const std::map<std::string, std::string> expected{{"treasure", "file:untouched"}};
        EXPECT_EQ(expected, listing(base / "outside"));
        for (const auto& entry : std::filesystem::directory_iterator(base))
            EXPECT_TRUE(entry.path().filename() == "outside" || entry.path().filename() == "staging") << entry.path();
    }

    std::filesystem::path base;
    std::filesystem::path into;
};

}  // namespace uprev::test
