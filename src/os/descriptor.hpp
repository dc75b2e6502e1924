// SPDX-License-Identifier: Apache-2.0
// An owned file descriptor, whole reads and writes on one, and errno as an Error. For this folder only.
// Every descriptor made here is close-on-exec, so that no child gets one by accident.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace uprev::os {

class Descriptor {
   public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }
    void reset(int fd = -1);

   private:
    int fd_ = -1;
};

// "no such file or directory": the system's words in lower case.
std::string errno_text(int error);
// `what`: "cannot open '/x'". The message ends in the system's words; the code and a hint follow from the errno.
Error system_error(int error, const std::string& what);

// Writes all of it or gives the errno; 0 on success.
int write_all(int fd, std::string_view bytes);
// From the present offset to the end. More than `limit` bytes is Code::exhausted; `what` names the file.
Result<std::string> read_all(int fd, std::uint64_t limit, const std::string& what);
// A small file of /proc, /sys or /etc; empty when it can't be read.
std::string read_small(const char* path);

// 64 random bits as 16 hexadecimal digits, for names that nobody can predict.
std::string random_name();

}  // namespace uprev::os
