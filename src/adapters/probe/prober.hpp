// SPDX-License-Identifier: Apache-2.0
// Measures downtime: asks each health address at a fixed rate from start() to stop(), one thread an address.
// An address is down from the moment a failing ask was sent until the first good answer after it has arrived; an ask that hangs
// fails after a second and counts whole. The installation is down while any address is. Memory does not grow with time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "os/clock.hpp"
#include "ports/probe.hpp"

namespace uprev {

struct ProbedAddress {
    std::string name;
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::int64_t down_ms = 0;
    std::int64_t longest_ms = 0;
};

struct Downtime {
    std::int64_t total_ms = 0;  // any address was down
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::vector<ProbedAddress> probes;
};

// {"total_ms","requests","failed","probes":[{"name","requests","failed","down_ms","longest_ms"}]}
Json to_json(const Downtime& downtime);

// Adds up stretches of time that overlap and are reported late.
class Stretches {
   public:
    void begin(std::int64_t at_ms);  // one more is down, since `at_ms`
    void end(std::int64_t at_ms);    // one less
    [[nodiscard]] std::int64_t total() const { return total_ms_; }

   private:
    int open_ = 0;
    std::int64_t since_ms_ = 0;
    std::int64_t counted_until_ms_ = 0;
    std::int64_t total_ms_ = 0;
};

class Prober {
   public:
    // Command probes are left out (starting processes at this rate would disturb), and so are the expected JSON values: they name the
    // version that is to come, and the old one answering in its place is no outage. `probe` and `clock` outlive the prober.
    Prober(Probe& probe, os::Clock& clock, std::vector<ProbeSpec> specs, std::uint32_t hz = 20);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    void start();     // once
    Downtime stop();  // within about a second; again: the same answer

   private:
    struct Address {
        ProbeSpec spec;
        ProbedAddress count;
        bool down = false;
        std::int64_t down_since_ms = 0;
    };
    void watch(Address& address);
    void record(Address& address, bool ok, std::int64_t sent_ms, std::int64_t answered_ms);
    void close(Address& address, std::int64_t at_ms);
    bool wait_until(std::int64_t at_ms);  // false: stop

    Probe& probe_;
    os::Clock& clock_;
    std::int64_t period_ms_;
    std::vector<Address> addresses_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;  // guards what follows, and `addresses_` while threads run
    std::condition_variable changed_;
    bool stopping_ = false;
    Stretches overall_;
};

}  // namespace uprev
