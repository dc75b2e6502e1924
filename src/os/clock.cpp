// SPDX-License-Identifier: Apache-2.0
#include "os/clock.hpp"

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace uprev::os {

namespace {
std::int64_t milliseconds_of(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::string stamped(std::int64_t wall_ms, const char* format) {
    // Rounds towards the past, so that an instant before 1970 keeps its second.
    const std::int64_t rest = wall_ms % 1000;
    const auto seconds = static_cast<std::time_t>((wall_ms - (rest < 0 ? rest + 1000 : rest)) / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[64];
    const std::size_t size = std::strftime(text, sizeof text, format, &parts);
    return {text, size};
}
}  // namespace

std::int64_t SystemClock::wall_ms() const { return milliseconds_of(CLOCK_REALTIME); }

Milliseconds SystemClock::steady() const { return Milliseconds(milliseconds_of(CLOCK_BOOTTIME)); }

void SystemClock::sleep(Milliseconds time) {
    if (time.count() <= 0) return;
    timespec left{.tv_sec = time.count() / 1000, .tv_nsec = (time.count() % 1000) * 1'000'000};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

std::string iso8601(std::int64_t wall_ms) { return stamped(wall_ms, "%Y-%m-%dT%H:%M:%SZ"); }

std::string compact_stamp(std::int64_t wall_ms) { return stamped(wall_ms, "%Y%m%d%H%M%S"); }

}  // namespace uprev::os
