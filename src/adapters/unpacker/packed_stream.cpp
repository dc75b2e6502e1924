// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/packed_stream.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "adapters/unpacker/decoder.hpp"
#include "os/descriptor.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {

constexpr std::size_t block_bytes = 1U << 20U;
constexpr std::size_t block_count = 6;
constexpr std::size_t input_bytes = 256U << 10U;
constexpr std::uint64_t ratio_from = 64U << 20U;

struct Block {
    std::vector<char> bytes = std::vector<char>(block_bytes);
    std::size_t used = 0;
};

Result<std::size_t> read_at(int fd, char* out, std::size_t room, std::uint64_t at) {
    std::size_t done = 0;
    while (done < room) {
        const ssize_t got = pread(fd, out + done, room - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Code::failed, std::string("cannot read the archive: ") + os::errno_text(errno));
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

}  // namespace

struct PackedStream::State {
    int fd = -1;
    double ratio = 0;
    std::unique_ptr<Decoder> decoder;

    std::mutex mutex;
    std::condition_variable changed;
    std::array<Block, block_count> ring;
    std::size_t made = 0;   // blocks handed over by the decoding thread
    std::size_t taken = 0;  // blocks given back by the reader
    bool lent = false;
    bool ended = false;
    bool stop = false;
    std::optional<Error> error;
    std::string sha256;
    std::thread thread;

    // Decoding thread: a free block, or null when the reader has gone.
    Block* free_block() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stop || made - taken < block_count; });
        if (stop) return nullptr;
        return &ring[made % block_count];
    }

    void hand_over() {
        const std::lock_guard lock(mutex);
        ++made;
        changed.notify_all();
    }

    void end(std::optional<Error> why, std::string digest) {
        const std::lock_guard lock(mutex);
        error = std::move(why);
        sha256 = std::move(digest);
        ended = true;
        changed.notify_all();
    }

    void run() {
        auto digest = decode();
        if (digest)
            end({}, std::move(*digest));
        else
            end(std::move(digest).error(), {});
    }

    Result<> check_ratio(std::uint64_t packed, std::uint64_t unpacked) const {
        if (unpacked <= ratio_from || static_cast<double>(unpacked) <= ratio * static_cast<double>(packed)) return {};
        return fail(Code::exhausted,
                    "the archive unpacks to more than " + std::to_string(static_cast<std::uint64_t>(ratio)) +
                        " times its size: a decompression bomb",
                    "do not use this release; ask the vendor");
    }

    // Reads, hashes and decodes all of it; gives the digest.
    Result<std::string> decode() {
        Sha256 hash;
        std::vector<char> input(input_bytes);
        std::string_view pending;
        std::uint64_t packed = 0;
        std::uint64_t unpacked = 0;
        bool last = false;
        for (bool whole = false; !whole;) {
            Block* block = free_block();
            if (block == nullptr) return std::string{};
            block->used = 0;
            while (!whole && block->used < block_bytes) {
                if (pending.empty() && !last) {
                    const std::size_t got = TRY(read_at(fd, input.data(), input.size(), packed));
                    last = got < input.size();
                    packed += got;
                    pending = {input.data(), got};
                    hash.update(pending);
                }
                const auto step = TRY(decoder->step(pending, last, block->bytes.data() + block->used, block_bytes - block->used));
                pending.remove_prefix(step.taken);
                block->used += step.made;
                whole = step.ended;
            }
            unpacked += block->used;
            TRY_VOID(check_ratio(packed, unpacked));
            hand_over();
        }
        return hash.finish().hex;
    }
};

PackedStream::PackedStream(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<PackedStream>> PackedStream::open(int fd, double ratio) {
    std::array<char, 512> start{};
    const std::size_t got = TRY(read_at(fd, start.data(), start.size(), 0));
    auto state = std::make_unique<State>();
    state->fd = fd;
    state->ratio = ratio;
    state->decoder = TRY(make_decoder({start.data(), got}));
    State* shared = state.get();
    state->thread = std::thread([shared] { shared->run(); });
    return std::unique_ptr<PackedStream>(new PackedStream(std::move(state)));
}

PackedStream::~PackedStream() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stop = true;
        state_->changed.notify_all();
    }
    state_->thread.join();
}

Result<std::string_view> PackedStream::next() {
    std::unique_lock lock(state_->mutex);
    if (state_->lent) {
        state_->lent = false;
        ++state_->taken;
        state_->changed.notify_all();
    }
    while (true) {
        state_->changed.wait(lock, [&] { return state_->made != state_->taken || state_->ended; });
        if (state_->made == state_->taken) break;
        const Block& block = state_->ring[state_->taken % block_count];
        if (block.used == 0) {
            ++state_->taken;
            state_->changed.notify_all();
            continue;
        }
        state_->lent = true;
        return std::string_view{block.bytes.data(), block.used};
    }
    if (state_->error) return *state_->error;
    return std::string_view{};
}

const std::string& PackedStream::sha256() const { return state_->sha256; }

}  // namespace uprev
