// SPDX-License-Identifier: Apache-2.0
// Time as a dependency, so that tests and the simulator own it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace uprev::os {

using Milliseconds = std::chrono::milliseconds;

class Clock {
   public:
    virtual ~Clock() = default;
    virtual std::int64_t wall_ms() const = 0;  // since the Unix epoch, UTC
    virtual Milliseconds steady() const = 0;   // monotonic, CLOCK_BOOTTIME
    virtual void sleep(Milliseconds time) = 0;
};

class SystemClock final : public Clock {
   public:
    std::int64_t wall_ms() const override;
    Milliseconds steady() const override;
    void sleep(Milliseconds time) override;
};

// "2026-11-21T03:55:00Z".
std::string iso8601(std::int64_t wall_ms);
// "20261121035500" — the page's <timestamp> in release folder names.
std::string compact_stamp(std::int64_t wall_ms);

}  // namespace uprev::os
