// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/units.hpp"
#include "release/checks.hpp"
#include "release/config.hpp"
#include "release/zone.hpp"

namespace uprev {

namespace {

constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};  // std::chrono::weekday's numbers
constexpr int day_minutes = 1'440;
constexpr int search_minutes = 15 * day_minutes;  // a weekly window can miss one week, when the clock skips it

struct LocalTime {
    int minute = 0;           // of the day
    std::size_t weekday = 0;  // index into day_names
};

LocalTime local_time(const Zone& zone, std::int64_t utc) {
    const std::chrono::seconds local(utc + zone.offset_at(utc));
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(local - day).count();
    return {static_cast<int>(minute), std::chrono::weekday(std::chrono::sys_days(day)).c_encoding()};
}

struct Window {
    const WindowSpec* spec = nullptr;
    Zone zone;
    int from = 0;
    int until = 0;  // minutes of the day

    [[nodiscard]] bool opens_on(std::size_t weekday) const {
        const auto& days = spec->days;
        return days.empty() || std::find(days.begin(), days.end(), day_names[weekday]) != days.end();
    }
    // A window past midnight belongs to the day on which it opened.
    [[nodiscard]] bool holds(std::int64_t utc) const {
        const auto now = local_time(zone, utc);
        if (from < until) return opens_on(now.weekday) && now.minute >= from && now.minute < until;
        return (now.minute >= from && opens_on(now.weekday)) || (now.minute < until && opens_on((now.weekday + 6) % 7));
    }
};

Result<int> minutes_of(const std::string& text) {
    if (const auto complaint = checks::time_of_day.complaint(text); !complaint.empty())
        return fail(Code::invalid, "a window's time " + complaint);
    return std::stoi(text.substr(0, 2)) * 60 + std::stoi(text.substr(3));
}

Result<Window> make_window(const WindowSpec& spec) {
    Window window;
    window.spec = &spec;
    window.zone = TRY(Zone::load(spec.zone));
    window.from = TRY(minutes_of(spec.from));
    window.until = TRY(minutes_of(spec.until));
    for (const auto& day : spec.days)
        if (std::find(day_names.begin(), day_names.end(), day) == day_names.end())
            return fail(Code::invalid, "'" + day + "' is no day of the week", "mon, tue, wed, thu, fri, sat, sun");
    return window;
}

std::string describe(const Window& window, std::int64_t opens, std::int64_t now_ms) {
    const auto local = local_time(window.zone, opens);
    const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::string(day_names[local.weekday]) + " " + two(local.minute / 60) + ":" + two(local.minute % 60) + " " +
           window.spec->zone + " (in " + human_duration(std::chrono::milliseconds(opens * 1'000 - now_ms)) + ")";
}

}  // namespace

// Asks minute by minute, which is exact where clocks are put forward or back, and still takes well under a millisecond per window and day.
Result<WindowState> window_state(const std::vector<WindowSpec>& windows, std::int64_t wall_ms) {
    std::vector<Window> all;
    for (const auto& spec : windows) all.push_back(TRY(make_window(spec)));
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(wall_ms)).count();
    const auto open_at = [&](std::int64_t utc) {
        return std::find_if(all.begin(), all.end(), [&](const Window& window) { return window.holds(utc); });
    };
    if (all.empty() || open_at(now) != all.end()) return WindowState{};
    const auto minute = now / 60 * 60;
    for (int i = 1; i <= search_minutes; ++i)
        if (const auto window = open_at(minute + i * 60LL); window != all.end())
            return WindowState{false, describe(*window, minute + i * 60LL, wall_ms)};
    return WindowState{false, "never"};
}

}  // namespace uprev
