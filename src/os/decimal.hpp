// SPDX-License-Identifier: Apache-2.0
// Numbers as decimal text, for the shim's sources: they can use neither printf nor the C++ library.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace uprev::os {

// Appends to a fixed buffer; what doesn't fit is left out and `whole()` says so.
class TextLine {
   public:
    TextLine(char* to, size_t room) : to_(to), room_(room) {}
    TextLine& text(const char* bytes) {
        while (*bytes != '\0') put(*bytes++);
        return *this;
    }
    TextLine& number(int64_t value) {
        if (value < 0) put('-');
        return natural(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
    }
    TextLine& natural(uint64_t value) {
        char digits[20];
        size_t count = 0;
        do digits[count++] = static_cast<char>('0' + value % 10);
        while ((value /= 10) > 0);
        while (count > 0) put(digits[--count]);
        return *this;
    }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] bool whole() const { return whole_; }
    const char* c_str() {
        to_[size_] = '\0';
        return to_;
    }

   private:
    void put(char c) {
        whole_ = whole_ && size_ + 1 < room_;
        if (whole_) to_[size_++] = c;
    }
    char* to_;
    size_t room_;
    size_t size_ = 0;
    bool whole_ = true;
};

// The number at `at`, which is moved past it and one space.
inline uint64_t take_number(const char*& at) {
    const bool negative = *at == '-';
    if (negative) ++at;
    uint64_t value = 0;
    while (*at >= '0' && *at <= '9') value = value * 10 + static_cast<uint64_t>(*at++ - '0');
    if (*at == ' ') ++at;
    return negative ? 0 - value : value;
}

}  // namespace uprev::os
