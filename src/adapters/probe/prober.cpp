// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/prober.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace uprev {
namespace {

constexpr Millis patience{1'000};

}  // namespace

Json to_json(const Downtime& downtime) {
    Json probes = Json::array();
    for (const auto& one : downtime.probes) {
        probes.push_back({{"name", one.name},
                          {"requests", one.requests},
                          {"failed", one.failed},
                          {"down_ms", one.down_ms},
                          {"longest_ms", one.longest_ms}});
    }
    const Json total = downtime.requests == 0 ? Json() : Json(downtime.total_ms);  // nobody was asked: nothing was measured
    return {{"total_ms", total}, {"requests", downtime.requests}, {"failed", downtime.failed}, {"probes", std::move(probes)}};
}

void Stretches::begin(std::int64_t at_ms) {
    at_ms = std::max(at_ms, counted_until_ms_);
    since_ms_ = open_ == 0 ? at_ms : std::min(since_ms_, at_ms);
    ++open_;
}

void Stretches::end(std::int64_t at_ms) {
    if (--open_ > 0) return;
    counted_until_ms_ = std::max(at_ms, since_ms_);
    total_ms_ += counted_until_ms_ - since_ms_;
}

Prober::Prober(Probe& probe, os::Clock& clock, std::vector<ProbeSpec> specs, std::uint32_t hz)
    : probe_(probe), clock_(clock), period_ms_(std::max<std::int64_t>(1, 1'000 / std::max<std::uint32_t>(1, hz))) {
    for (auto& spec : specs) {
        if (spec.kind == "command") continue;
        spec.timeout = std::min(spec.timeout, patience);
        spec.json.clear();
        const auto name = spec.name.empty() ? (spec.kind == "tcp" ? spec.address : spec.url) : spec.name;
        addresses_.push_back({std::move(spec), {name, 0, 0, 0, 0}, false, 0});
    }
}

Prober::~Prober() { stop(); }

void Prober::start() {
    if (!threads_.empty() || stopping_) return;
    for (auto& address : addresses_) threads_.emplace_back([this, &address] { watch(address); });
}

void Prober::watch(Address& address) {
    auto next_ms = clock_.steady().count();
    while (wait_until(next_ms)) {
        const auto sent_ms = clock_.steady().count();
        const bool ok = probe_.ask(address.spec, {}).ok;
        const auto answered_ms = clock_.steady().count();
        record(address, ok, sent_ms, answered_ms);
        // A slow answer skips beats instead of catching up with a burst.
        next_ms = std::max(next_ms + period_ms_, answered_ms);
    }
}

bool Prober::wait_until(std::int64_t at_ms) {
    std::unique_lock lock(mutex_);
    const Millis left(std::max<std::int64_t>(0, at_ms - clock_.steady().count()));
    return !changed_.wait_for(lock, left, [this] { return stopping_; });
}

void Prober::record(Address& address, bool ok, std::int64_t sent_ms, std::int64_t answered_ms) {
    const std::lock_guard lock(mutex_);
    ++address.count.requests;
    if (!ok) ++address.count.failed;
    if (!ok && !address.down) {
        address.down = true;
        address.down_since_ms = sent_ms;
        overall_.begin(sent_ms);
    } else if (ok && address.down) {
        close(address, answered_ms);
    }
}

void Prober::close(Address& address, std::int64_t at_ms) {
    const auto lasted = at_ms - address.down_since_ms;
    address.count.down_ms += lasted;
    address.count.longest_ms = std::max(address.count.longest_ms, lasted);
    address.down = false;
    overall_.end(at_ms);
}

Downtime Prober::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    Downtime result;
    for (auto& address : addresses_) {
        if (address.down) close(address, clock_.steady().count());
        result.requests += address.count.requests;
        result.failed += address.count.failed;
        result.probes.push_back(address.count);
    }
    result.total_ms = overall_.total();
    return result;
}

}  // namespace uprev
