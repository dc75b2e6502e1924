// SPDX-License-Identifier: Apache-2.0
#include "commands/progress.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/units.hpp"

namespace uprev {

namespace {
using namespace std::chrono_literals;
}  // namespace

std::string Progress::elapsed(os::Milliseconds since) const { return human_duration(clock_.steady() - since); }

void Progress::erase() {
    for (; drawn_ > 0; --drawn_) fmt::print("\x1b[1A\x1b[2K");
}

void Progress::draw() {
    for (const auto& [id, r] : running_) {
        fmt::print("  … {}{}  {}\n", r.title, r.detail.empty() ? "" : ": " + r.detail, elapsed(r.since));
        ++drawn_;
    }
    std::fflush(stdout);
}

void Progress::line(const std::string& text) {
    if (silent_) return;
    if (live_) erase();
    fmt::print("{}\n", text);
    if (live_) draw();
    std::fflush(stdout);
}

void Progress::tick() {
    if (!live_ || clock_.steady() - last_draw_ < 200ms) return;
    last_draw_ = clock_.steady();
    erase();
    draw();
}

void Progress::end() {
    if (live_) erase();
    running_.clear();
    std::fflush(stdout);
}

void Progress::step(const Json& event) {
    const auto id = event.value("step", "");
    const auto status = event.value("status", "");
    const auto title = event.value("title", "");
    if (status == "doing" || status == "undoing") {
        running_[id] = {status == "doing" ? title : "undoing: " + title, "", clock_.steady()};
        if (!live_) line("  … " + running_[id].title);
        return;
    }
    const auto found = running_.find(id);
    const auto took = found == running_.end() ? std::string() : "  " + elapsed(found->second.since);
    if (found != running_.end()) running_.erase(found);
    const char* sign = status == "done" ? "✓" : status == "failed" ? "✗" : status == "undone" ? "↺" : "-";
    line(fmt::format("  {} {}{}", sign, title, took));
    if (event.contains("error") && event["error"].is_object()) line("    " + event["error"].value("message", ""));
}

void Progress::download(const Json& event) {
    const auto done = event.value("done", std::uint64_t{0});
    const auto total = event.value("total", std::uint64_t{0});
    auto& r = running_["download"];
    if (r.title.empty()) {
        r = {"downloading", "", clock_.steady()};
        download_since_ = clock_.steady();
        download_from_ = done;
        last_tenth_ = -1;
    }
    const auto ms = std::max<std::int64_t>(1, (clock_.steady() - download_since_).count());
    const auto rate = (done - std::min(done, download_from_)) * 1000 / static_cast<std::uint64_t>(ms);
    r.detail = human_size(done) + (total == 0 ? "" : " of " + human_size(total)) + ", " + human_size(rate) + "/s";
    const int tenth = total == 0 ? 0 : static_cast<int>(done * 10 / total);
    if (!live_ && tenth != last_tenth_) line("  … downloading: " + r.detail);
    last_tenth_ = tenth;
    if (total != 0 && done >= total) {
        if (live_) line("  ✓ downloaded " + human_size(total) + "  " + elapsed(r.since));
        running_.erase("download");
    }
}

void Progress::show(const Json& event) {
    const auto type = event.value("event", "");
    if (type == "step") return step(event);
    if (type == "download") return download(event);
    if (type == "phase") return line(event.value("text", ""));
    if (type == "recovering")
        return line("recovering " + event.value("kind", "") + " " + event.value("to", "") + " (" + event.value("operation", "") +
                    "), which was cut off");
    if (type == "waiting")
        return line(fmt::format("waiting for {} (pid {}, {})", event.value("holder", ""), event.value("pid", 0),
                                event.value("user", "")));
    if (type == "say") {
        const auto found = running_.find(event.value("step", ""));
        if (found != running_.end()) found->second.detail = event.value("text", "");
        if (!live_) line("    " + event.value("text", ""));
    }
}

}  // namespace uprev
