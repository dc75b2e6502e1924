// SPDX-License-Identifier: Apache-2.0
// A time zone, read from the system's tzdata (RFC 8536) without touching TZ or the process's own zone, which belong to all threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev {

class Zone {
   public:
    // An IANA name; "UTC" needs no file. Code::not_found for a name that tzdata doesn't have.
    static Result<Zone> load(const std::string& name);
    // The bytes of a TZif file.
    static Result<Zone> parse(std::string_view bytes);
    // Only the rule: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX TZ, with RFC 8536's hours from -167 to 167).
    static Result<Zone> from_rule(std::string_view rule);

    // Seconds east of UTC at that instant (seconds since the epoch).
    [[nodiscard]] std::int32_t offset_at(std::int64_t utc) const;

    struct RuleDate {
        enum class Kind { month_week_day, julian_without_leap, day_of_year } kind = Kind::month_week_day;
        int month = 0;
        int week = 0;
        int day = 0;                // of the week, or of the year
        std::int64_t time = 7'200;  // seconds after local midnight
    };

   private:
    struct Change {
        std::int64_t at = 0;
        std::int32_t offset = 0;
    };
    struct Rule {
        std::int32_t standard = 0;
        std::int32_t summer = 0;
        bool has_summer = false;
        RuleDate begin;
        RuleDate end;
    };
    std::vector<Change> changes_;  // ascending
    std::int32_t first_ = 0;       // before the first change
    bool has_rule_ = false;
    Rule rule_;  // after the last change
    friend class RuleReader;
};

}  // namespace uprev
