// SPDX-License-Identifier: Apache-2.0
#include "release/checks.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "release/version.hpp"

namespace uprev::checks {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <typename Allowed>
bool all(std::string_view text, Allowed allowed) {
    return std::all_of(text.begin(), text.end(), allowed);
}

std::string but(std::string_view value) { return ", not '" + excerpt(value) + "'"; }

std::string check_id(std::string_view value) {
    const bool good = !value.empty() && value.size() <= 64 && value.front() != '-' &&
                      all(value, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
    return good ? "" : "must be 1 to 64 of a-z, 0-9 and '-', beginning with a letter or digit" + but(value);
}

std::string check_name(std::string_view value) {
    const auto allowed = [](char c) {
        return is_letter(c) || is_digit(c) || std::string_view("._@:-").find(c) != std::string_view::npos;
    };
    const bool good =
        !value.empty() && value.size() <= 64 && (is_letter(value.front()) || is_digit(value.front())) && all(value, allowed);
    return good ? "" : "must be a name of 1 to 64 letters, digits and . _ @ : -, beginning with a letter or digit" + but(value);
}

std::string check_user(std::string_view value) {
    const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; };
    const bool good =
        !value.empty() && value.size() <= 32 && (is_letter(value.front()) || value.front() == '_') && all(value, allowed);
    return good ? "" : "must be the name of a user of this machine" + but(value);
}

bool climbs(std::string_view path) {
    const auto parts = split(path, '/');
    return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

std::string check_absolute(std::string_view value) {
    if (!value.starts_with('/')) return "must be an absolute path" + but(value);
    if (climbs(value)) return "must not hold '..'";
    return value.find_first_not_of("/.") == std::string_view::npos ? "must not be the root of the file system" : "";
}

std::string check_relative(std::string_view value) {
    if (value.empty()) return "must not be empty";
    if (value.starts_with('/') || value.starts_with('~')) return "must be a relative path" + but(value);
    if (climbs(value)) return "must not hold '..'";
    return value.starts_with('-') ? "must not begin with '-'" : "";
}

std::string check_path(std::string_view value) { return value.starts_with('/') ? check_absolute(value) : check_relative(value); }

std::string check_environment_name(std::string_view value) {
    const bool good =
        !value.empty() && !is_digit(value.front()) && all(value, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    return good ? "" : "must be the name of an environment variable" + but(value);
}

std::string check_version(std::string_view value) {
    const auto parsed = Version::parse(value);
    return parsed ? "" : "is no version: " + parsed.error().message;
}

std::string check_range(std::string_view value) {
    const auto parsed = Range::parse(value);
    return parsed ? "" : "is no version range: " + parsed.error().message;
}

std::string check_pointer(std::string_view value) {
    return value.empty() || value.starts_with('/') ? "" : "must be a JSON pointer like /version" + but(value);
}

// "${port}" stands for a number that is known later.
std::string check_host_port(std::string_view value) {
    const auto colon = value.rfind(':');
    const auto port = colon == std::string_view::npos ? std::string_view() : value.substr(colon + 1);
    const bool number = !port.empty() && port.size() <= 5 && all(port, is_digit);
    const bool later = port.find("${") != std::string_view::npos;
    return colon > 0 && (number || later) ? "" : "must be HOST:PORT" + but(value);
}

// Never shows the value where it may hold a password.
std::string check_http(std::string_view value) {
    if (holds_password(value))
        return "must not hold a password; pass it as a header whose value is a reference (env:NAME or file:PATH)";
    const auto plain = all(value, [](char c) { return c > ' ' && c < 0x7f; });
    const auto rest = value.starts_with("https://")  ? value.substr(8)
                      : value.starts_with("http://") ? value.substr(7)
                                                     : std::string_view();
    return plain && !rest.empty() && rest.front() != '/' ? "" : "must be an http:// or https:// address" + but(value);
}

std::string check_feed(std::string_view value) {
    if (value.starts_with('/')) return check_absolute(value);
    const auto complaint = check_http(value);
    return complaint.starts_with("must be an") ? "must be an https:// address or the absolute path of a folder" + but(value)
                                               : complaint;
}

std::string check_reference(std::string_view value) {
    if (value.starts_with("env:"))
        return check_environment_name(value.substr(4)).empty() ? "" : "must name a variable behind 'env:', like env:NAME";
    if (value.starts_with("file:"))
        return value.substr(5).starts_with('/') ? "" : "must name an absolute path behind 'file:', like file:/etc/secret";
    return "";
}

std::string check_database(std::string_view value) {
    if (value.starts_with("env:") || value.starts_with("file:")) return check_reference(value);
    const bool scheme = value.starts_with("postgresql://") || value.starts_with("postgres://");
    if (!scheme) return "must be a reference (env:NAME or file:PATH) or a postgresql:// address";
    return holds_password(value) || value.find("password=") != std::string_view::npos
               ? "must not hold a password; write a reference (env:NAME or file:PATH) that holds the whole address"
               : "";
}

std::string check_minisign(std::string_view value) {
    const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '/'; };
    const bool good = value.size() == 56 && value.starts_with("RW") && all(value, allowed);
    return good ? ""
                : "must be a minisign public key, the second line of minisign.pub: 56 characters that begin with RW" + but(value);
}

std::string check_time(std::string_view value) {
    const bool shape =
        value.size() == 5 && value[2] == ':' && all(value.substr(0, 2), is_digit) && all(value.substr(3), is_digit);
    const bool good = shape && (value == "24:00" || (value.substr(0, 2) <= "23" && value.substr(3) <= "59"));
    return good ? "" : "must be a time of day as HH:MM" + but(value);
}

std::string check_zone(std::string_view value) {
    const auto allowed = [](char c) {
        return is_letter(c) || is_digit(c) || std::string_view("_+-/").find(c) != std::string_view::npos;
    };
    const bool good = !value.empty() && value.size() <= 64 && is_letter(value.front()) && all(value, allowed);
    return good ? "" : "must be a time zone like UTC or Europe/Berlin" + but(value);
}

}  // namespace

const Check installation_id{check_id, "^[a-z0-9][a-z0-9-]{0,63}$"};
const Check name{check_name, "^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$"};
const Check user{check_user, "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$"};
const Check absolute_path{check_absolute, "^/"};
const Check relative_path{check_relative, "^[^/~-]"};
const Check any_path{check_path, "^[^~-]"};
const Check environment_name{check_environment_name, "^[A-Za-z_][A-Za-z0-9_]*$"};
const Check version{check_version, "^v?[0-9]+\\.[0-9]+\\.[0-9]+([-+][0-9A-Za-z.+-]+)?$"};
const Check range{check_range, ""};
const Check json_pointer{check_pointer, "^(/.*)?$"};
const Check host_port{check_host_port, ":"};
const Check http_url{check_http, "^https?://"};
const Check feed_url{check_feed, "^(https?://|/)"};
const Check database_url{check_database, "^(env:|file:/|postgres(ql)?://)"};
const Check reference_or_text{check_reference, ""};
const Check minisign_key{check_minisign, "^RW[A-Za-z0-9+/]{54}$"};
const Check time_of_day{check_time, "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"};
const Check zone{check_zone, "^[A-Za-z][A-Za-z0-9_+/-]*$"};
const Check channel{check_name, "^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$"};

bool holds_password(std::string_view text) {
    for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
        const auto authority = text.substr(at + 3, text.substr(at + 3).find_first_of("/?# \t\n"));
        const auto sign = authority.rfind('@');
        const auto colon = authority.find(':');
        if (sign != std::string_view::npos && colon < sign && colon + 1 < sign) return true;
    }
    return false;
}

bool is_reference(std::string_view text) {
    return (text.starts_with("env:") || text.starts_with("file:")) && check_reference(text).empty();
}

}  // namespace uprev::checks
