// SPDX-License-Identifier: Apache-2.0
// Replaces each of some patterns in a stream of bytes by ***, also where a pattern is split over two reads.
// Holds back only what may still become a pattern. Shared with the shim, so: malloc only, and nothing that throws.
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

namespace uprev::os {

class MaskStream {
   public:
    struct Pattern {
        const char* bytes;
        size_t size;
    };
    // `patterns` are not copied and are sorted here, longest first.
    MaskStream(Pattern* patterns, size_t count) : patterns_(patterns), count_(count) {
        for (size_t i = 1; i < count_; ++i)
            for (size_t j = i; j > 0 && patterns_[j - 1].size < patterns_[j].size; --j) swap(patterns_[j - 1], patterns_[j]);
        for (size_t i = 0; i < count_; ++i)
            if (patterns_[i].size > 0) starts_[static_cast<unsigned char>(patterns_[i].bytes[0])] = true;
    }
    MaskStream(const MaskStream&) = delete;
    MaskStream& operator=(const MaskStream&) = delete;
    ~MaskStream() { ::free(held_); }

    // `sink(bytes, size)` is called with what may be shown. false: no memory was left, and nothing of this read was shown.
    template <typename Sink>
    bool feed(const char* bytes, size_t size, Sink sink) {
        if (count_ == 0) {
            sink(bytes, size);
            return true;
        }
        if (!hold(bytes, size)) return false;
        release(false, sink);
        return true;
    }
    // The stream has ended: what was held back is no secret.
    template <typename Sink>
    void finish(Sink sink) {
        release(true, sink);
    }

   private:
    static void swap(Pattern& a, Pattern& b) {
        const Pattern kept = a;
        a = b;
        b = kept;
    }
    bool hold(const char* bytes, size_t size) {
        if (held_size_ + size > room_) {
            const size_t larger = (held_size_ + size) * 2;
            auto* moved = static_cast<char*>(::realloc(held_, larger));
            if (moved == nullptr) return false;
            held_ = moved;
            room_ = larger;
        }
        if (size > 0) ::memcpy(held_ + held_size_, bytes, size);
        held_size_ += size;
        return true;
    }
    enum class Match { no, yes, perhaps };
    Match match(size_t at, bool ended, size_t& length) const {
        const size_t left = held_size_ - at;
        for (size_t i = 0; i < count_; ++i) {
            const Pattern& pattern = patterns_[i];
            if (pattern.size == 0) continue;
            if (pattern.size <= left && ::memcmp(held_ + at, pattern.bytes, pattern.size) == 0) {
                length = pattern.size;
                return Match::yes;
            }
            if (!ended && pattern.size > left && ::memcmp(held_ + at, pattern.bytes, left) == 0) return Match::perhaps;
        }
        return Match::no;
    }
    template <typename Sink>
    void release(bool ended, Sink sink) {
        size_t shown = 0;
        size_t at = 0;
        while (at < held_size_) {
            size_t length = 0;
            const Match found = starts_[static_cast<unsigned char>(held_[at])] ? match(at, ended, length) : Match::no;
            if (found == Match::perhaps) break;
            if (found == Match::no) {
                ++at;
                continue;
            }
            if (at > shown) sink(held_ + shown, at - shown);
            sink("***", size_t{3});
            at += length;
            shown = at;
        }
        if (at > shown) sink(held_ + shown, at - shown);
        held_size_ -= at;
        if (held_size_ > 0) ::memmove(held_, held_ + at, held_size_);
    }

    Pattern* patterns_;
    size_t count_;
    bool starts_[256] = {};
    char* held_ = nullptr;
    size_t held_size_ = 0;
    size_t room_ = 0;
};

}  // namespace uprev::os
