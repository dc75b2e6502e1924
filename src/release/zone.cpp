// SPDX-License-Identifier: Apache-2.0
#include "release/zone.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "base/text.hpp"
#include "release/checks.hpp"

namespace uprev {

namespace {

constexpr std::int64_t day_seconds = 86'400;

Error bad_file(const std::string& why) {
    return fail(Code::corrupt, "the time zone's file is damaged: " + why, "reinstall the package tzdata");
}

// Big-endian numbers out of a TZif file; never past its end.
class Bytes {
   public:
    explicit Bytes(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    std::string_view take(std::size_t size) {
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        for (const char c : take(size)) value = (value << 8U) | static_cast<unsigned char>(c);
        return value;
    }
    std::string_view rest() const { return rest_; }

   private:
    std::string_view rest_;
};

struct Header {
    std::uint64_t is_ut = 0, is_standard = 0, leaps = 0, times = 0, types = 0, chars = 0;
    [[nodiscard]] std::uint64_t size(std::uint64_t time_size) const {
        return times * time_size + times + types * 6 + chars + leaps * (time_size + 4) + is_standard + is_ut;
    }
};

Result<Header> read_header(Bytes& bytes) {
    if (bytes.left() < 44 || bytes.take(4) != "TZif") return bad_file("it does not begin with 'TZif'");
    const auto version = bytes.take(1);
    bytes.take(15);
    if (version.front() < '2') return bad_file("it is of version 1, which ends in 2038");
    Header header;
    for (auto* count : {&header.is_ut, &header.is_standard, &header.leaps, &header.times, &header.types, &header.chars})
        *count = bytes.number(4);
    return header;
}

// Days since the epoch of that date in that year.
std::int64_t day_of(const Zone::RuleDate& date, int year) {
    using namespace std::chrono;
    const auto first = sys_days(std::chrono::year(year) / January / 1);
    switch (date.kind) {
        case Zone::RuleDate::Kind::julian_without_leap: {
            const bool behind_leap_day = std::chrono::year(year).is_leap() && date.day >= 60;
            return first.time_since_epoch().count() + date.day - 1 + (behind_leap_day ? 1 : 0);
        }
        case Zone::RuleDate::Kind::day_of_year:
            return first.time_since_epoch().count() + date.day;
        case Zone::RuleDate::Kind::month_week_day:
            break;
    }
    const auto month = std::chrono::month(static_cast<unsigned>(date.month));
    const weekday day(static_cast<unsigned>(date.day));
    const auto found = date.week == 5 ? sys_days(std::chrono::year(year) / month / day[last])
                                      : sys_days(std::chrono::year(year) / month / day[static_cast<unsigned>(date.week)]);
    return found.time_since_epoch().count();
}

}  // namespace

// POSIX TZ: std offset [dst [offset] , date [/time] , date [/time]]
class RuleReader {
   public:
    explicit RuleReader(std::string_view text) : rest_(text) {}

    Result<Zone> read() {
        Zone zone;
        auto& rule = zone.rule_;
        zone.has_rule_ = true;
        std::int64_t west = 0;
        if (!name() || !hours(west)) return bad();
        rule.standard = rule.summer = static_cast<std::int32_t>(-west);
        zone.first_ = rule.standard;
        if (rest_.empty()) return zone;
        rule.has_summer = true;
        rule.summer = rule.standard + 3'600;
        if (!name()) return bad();
        if (!rest_.starts_with(',')) {
            if (!hours(west)) return bad();
            rule.summer = static_cast<std::int32_t>(-west);
        }
        if (!date(rule.begin) || !date(rule.end) || !rest_.empty()) return bad();
        return zone;
    }

   private:
    [[nodiscard]] Error bad() const { return bad_file("its rule ends in '" + excerpt(rest_) + "'"); }

    bool eat(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool name() {
        const bool quoted = eat('<');
        std::size_t size = 0;
        const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        while (size < rest_.size() && (quoted ? rest_[size] != '>' : letter(rest_[size]))) ++size;
        rest_.remove_prefix(size);
        return size >= 3 && (!quoted || eat('>'));
    }
    bool number(int& out, int least, int most) {
        out = 0;
        std::size_t size = 0;
        for (; size < rest_.size() && size < 4 && rest_[size] >= '0' && rest_[size] <= '9'; ++size)
            out = out * 10 + (rest_[size] - '0');
        rest_.remove_prefix(size);
        return size > 0 && out >= least && out <= most;
    }
    bool hours(std::int64_t& seconds) {
        const bool negative = eat('-');
        if (!negative) eat('+');
        int whole = 0, minutes = 0, rest = 0;
        if (!number(whole, 0, 167)) return false;
        if (eat(':') && (!number(minutes, 0, 59) || (eat(':') && !number(rest, 0, 59)))) return false;
        seconds = whole * 3'600LL + minutes * 60LL + rest;
        if (negative) seconds = -seconds;
        return true;
    }
    bool date(Zone::RuleDate& out) {
        using Kind = Zone::RuleDate::Kind;
        if (!eat(',')) return false;
        if (eat('M')) {
            if (!number(out.month, 1, 12) || !eat('.') || !number(out.week, 1, 5) || !eat('.') || !number(out.day, 0, 6))
                return false;
        } else {
            out.kind = eat('J') ? Kind::julian_without_leap : Kind::day_of_year;
            if (!number(out.day, out.kind == Kind::day_of_year ? 0 : 1, 365)) return false;
        }
        return !eat('/') || hours(out.time);
    }

    std::string_view rest_;
};

Result<Zone> Zone::from_rule(std::string_view rule) { return RuleReader(rule).read(); }

Result<Zone> Zone::parse(std::string_view text) {
    Bytes bytes(text);
    const auto first = TRY(read_header(bytes));
    if (bytes.left() < first.size(4)) return bad_file("it ends too early");
    bytes.take(first.size(4));
    const auto header = TRY(read_header(bytes));
    if (bytes.left() < header.size(8) || header.types == 0) return bad_file("it ends too early");
    Zone zone;
    for (std::uint64_t i = 0; i < header.times; ++i) zone.changes_.push_back({static_cast<std::int64_t>(bytes.number(8)), 0});
    const auto kinds = bytes.take(header.times);
    std::vector<std::int32_t> offsets;
    for (std::uint64_t i = 0; i < header.types; ++i) {
        offsets.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes.number(4))));
        bytes.take(2);
    }
    zone.first_ = offsets.front();
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto kind = static_cast<unsigned char>(kinds[i]);
        if (kind >= offsets.size()) return bad_file("a change leads to no type");
        zone.changes_[i].offset = offsets[kind];
    }
    bytes.take(header.chars + header.leaps * 12 + header.is_standard + header.is_ut);
    const auto footer = trim(bytes.rest());
    if (footer.empty()) return zone;
    const auto rule = TRY(from_rule(footer));
    zone.has_rule_ = true;
    zone.rule_ = rule.rule_;
    return zone;
}

Result<Zone> Zone::load(const std::string& name) {
    if (name == "UTC") return from_rule("UTC0");
    if (const auto complaint = checks::zone.complaint(name); !complaint.empty())
        return fail(Code::invalid, "the time zone " + complaint);
    std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file || bytes.empty())
        return fail(Code::not_found, "time zone '" + name + "' is not known to this machine",
                    "`timedatectl list-timezones` lists them; the package tzdata brings them");
    return parse(bytes).within("time zone '" + name + "'");
}

std::int32_t Zone::offset_at(std::int64_t utc) const {
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), utc,
                                        [](std::int64_t at, const Change& change) { return at < change.at; });
    if (after == changes_.begin() && !changes_.empty()) return first_;
    if (after != changes_.end() || !has_rule_) return changes_.empty() ? first_ : std::prev(after)->offset;
    if (!rule_.has_summer) return rule_.standard;
    const auto local_day = std::chrono::sys_days(
        std::chrono::days((utc + rule_.standard) / day_seconds - ((utc + rule_.standard) % day_seconds < 0 ? 1 : 0)));
    const auto year = static_cast<int>(std::chrono::year_month_day(local_day).year());
    const auto begin = day_of(rule_.begin, year) * day_seconds + rule_.begin.time - rule_.standard;
    const auto end = day_of(rule_.end, year) * day_seconds + rule_.end.time - rule_.summer;
    // South of the equator summer spans the turn of the year.
    const bool summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
    return summer ? rule_.summer : rule_.standard;
}

}  // namespace uprev
