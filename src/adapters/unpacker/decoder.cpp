// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/decoder.hpp"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace uprev {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t memory_limit = 128U << 20U;  // `xz -9` wants 65 MiB, `zstd --long` 128 MiB
constexpr const char* again = "fetch the artifact again";

Error cut() { return fail(Code::corrupt, "the archive is truncated: its compressed stream ends too early", again); }
Error damaged(const std::string& why) { return fail(Code::corrupt, "the archive's compressed stream is damaged: " + why, again); }
Error greedy(const char* what) {
    return fail(Code::exhausted, std::string("unpacking the archive's ") + what + " stream wants more than 128 MiB of memory",
                "ask the vendor for an archive with a smaller dictionary");
}

class Plain final : public Decoder {
   public:
    Result<Step> step(std::string_view in, bool last, char* out, std::size_t room) override {
        const std::size_t bytes = std::min(in.size(), room);
        std::memcpy(out, in.data(), bytes);
        return Step{bytes, bytes, last && bytes == in.size()};
    }
};

class Gzip final : public Decoder {
   public:
    Gzip() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;
    ~Gzip() override { inflateEnd(&stream_); }

    Result<Step> step(std::string_view in, bool last, char* out, std::size_t room) override {
        if (!ready_) return fail(Code::exhausted, "zlib has no memory");
        if (between_ && in.empty()) return last ? Result<Step>(Step{0, 0, true}) : Result<Step>(Step{});
        if (between_ && in[0] != '\x1f')
            return fail(Code::corrupt, "bytes follow the end of the archive's gzip stream", "ask the vendor");
        if (between_) inflateReset(&stream_);
        between_ = false;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(room);
        const int rc = inflate(&stream_, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return damaged(stream_.msg != nullptr ? stream_.msg : "gzip");
        between_ = rc == Z_STREAM_END;
        Step done{in.size() - stream_.avail_in, room - stream_.avail_out, false};
        if (last && !between_ && stream_.avail_in == 0 && stream_.avail_out != 0) return cut();
        done.ended = last && between_ && stream_.avail_in == 0;
        return done;
    }

   private:
    z_stream stream_{};
    bool ready_ = false;
    bool between_ = false;  // one member ended, another may follow
};

class Xz final : public Decoder {
   public:
    Xz() { ready_ = lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED) == LZMA_OK; }
    Xz(const Xz&) = delete;
    Xz& operator=(const Xz&) = delete;
    ~Xz() override { lzma_end(&stream_); }

    Result<Step> step(std::string_view in, bool last, char* out, std::size_t room) override {
        if (!ready_) return fail(Code::exhausted, "liblzma has no memory");
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        stream_.avail_in = in.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(out);
        stream_.avail_out = room;
        const lzma_ret rc = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
        const Step done{in.size() - stream_.avail_in, room - stream_.avail_out, rc == LZMA_STREAM_END};
        switch (rc) {
            case LZMA_OK:
                return done;
            case LZMA_STREAM_END:
                return done;
            case LZMA_BUF_ERROR:
                return last && stream_.avail_out != 0 ? Result<Step>(cut()) : Result<Step>(done);
            case LZMA_MEMLIMIT_ERROR:
            case LZMA_MEM_ERROR:
                return greedy("xz");
            case LZMA_FORMAT_ERROR:
                return fail(Code::corrupt, "bytes follow the end of the archive's xz stream", "ask the vendor");
            default:
                return damaged("xz error " + std::to_string(rc));
        }
    }

   private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool ready_ = false;
};

class Zstd final : public Decoder {
   public:
    Zstd() : stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
        if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, 27);
    }

    Result<Step> step(std::string_view in, bool last, char* out, std::size_t room) override {
        if (!stream_) return fail(Code::exhausted, "zstd has no memory");
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        ZSTD_outBuffer output{out, room, 0};
        if (!(between_ && in.empty())) {
            const std::size_t rc = ZSTD_decompressStream(stream_.get(), &output, &input);
            if (ZSTD_isError(rc) != 0) {
                const std::string why = ZSTD_getErrorName(rc);
                if (between_ && why == "Unknown frame descriptor")
                    return fail(Code::corrupt, "bytes follow the end of the archive's zstd stream", "ask the vendor");
                return why.find("requires too much memory") != std::string::npos ? greedy("zstd") : damaged(why);
            }
            between_ = rc == 0;
        }
        if (last && !between_ && input.pos == in.size() && output.pos < room) return cut();
        return Step{input.pos, output.pos, last && between_ && input.pos == in.size()};
    }

   private:
    std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
    bool between_ = false;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(std::string_view start) {
    if (start.starts_with("\x1f\x8b"sv)) return std::make_unique<Gzip>();
    if (start.starts_with("\xfd"
                          "7zXZ\0"sv))
        return std::make_unique<Xz>();
    if (start.starts_with("\x28\xb5\x2f\xfd"sv)) return std::make_unique<Zstd>();
    if (start.size() >= 262 && start.substr(257, 5) == "ustar"sv) return std::make_unique<Plain>();
    return fail(Code::corrupt, "the artifact is no tar archive, plain or packed with gzip, xz or zstd",
                "check the artifact's address in the feed or the site file");
}

}  // namespace uprev
