// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_address.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace uprev {

namespace {
using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

struct Url {
    std::string scheme, authority, path, query;
};

std::optional<Url> split_url(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = text.substr(0, colon);
    const std::string_view driverless = scheme.substr(0, scheme.find('+'));  // SQLAlchemy: postgresql+psycopg
    if (driverless != "postgres" && driverless != "postgresql") return std::nullopt;
    std::string_view rest = text.substr(colon + 3);
    Url url{std::string(scheme), {}, {}, {}};
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        url.query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        url.path = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
    }
    url.authority = rest;
    return url;
}

bool libpq_knows(std::string_view key) {
    if (key == "ssl") return true;  // JDBC's spelling, which libpq maps
    const Options options(PQconndefaults(), PQconninfoFree);
    for (const auto* option = options.get(); option && option->keyword; ++option)
        if (key == option->keyword) return true;
    return false;
}

// The query without the parameters that `keep` refuses; with its question mark, or empty.
template <typename Keep>
std::string filtered(std::string_view query, Keep keep) {
    std::string out;
    while (!query.empty()) {
        const auto end = query.find('&');
        std::string_view part = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (keep(part)) out.append(out.empty() ? "?" : "&").append(part);
    }
    return out;
}

// Frameworks put parameters of their own into the URL (schema=public, connection_limit=5), which libpq would refuse.
std::string query_for_libpq(std::string_view query) {
    return filtered(query, [](std::string_view& part) {
        if (part == "sslmode=no-verify") part = "sslmode=require";  // node-postgres' word for it
        const auto equals = part.find('=');
        return equals != std::string_view::npos && libpq_knows(part.substr(0, equals));
    });
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        (out += '%') += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

std::string quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string raw_password(const Url& url) {
    const auto at = url.authority.rfind('@');
    if (at == std::string::npos) return {};
    const std::string user = url.authority.substr(0, at);
    const auto colon = user.find(':');
    return colon == std::string::npos ? std::string() : user.substr(colon + 1);
}

struct Parts {
    std::string host, port, user, database, password;
};

Parts parts_of(const PQconninfoOption* options) {
    Parts parts;
    for (const auto* option = options; option->keyword; ++option) {
        if (!option->val) continue;
        const std::string_view key = option->keyword;
        if (key == "host") parts.host = option->val;
        if (key == "hostaddr" && parts.host.empty()) parts.host = option->val;
        if (key == "port") parts.port = option->val;
        if (key == "user") parts.user = option->val;
        if (key == "dbname") parts.database = option->val;
        if (key == "password") parts.password = option->val;
    }
    return parts;
}

std::string shown(const Parts& parts) {
    std::string out = "postgresql://";
    if (!parts.user.empty()) out += parts.user + "@";
    const bool socket = parts.host.starts_with('/');
    if (!socket) out += parts.host;
    if (!parts.port.empty()) out += ":" + parts.port;
    out += "/" + parts.database;
    return socket ? out + "?host=" + parts.host : out;
}
}  // namespace

std::string PgAddress::with_database(std::string_view name) const {
    const auto url = split_url(text);
    if (!url) return text + " dbname=" + quoted(name);  // libpq: the last one counts
    const auto rest = filtered(url->query, [](std::string_view part) { return !part.starts_with("dbname="); });
    return url->scheme + "://" + url->authority + "/" + percent_encoded(name) + rest;
}

Result<PgAddress> parse_pg_address(std::string_view text, std::string_view origin) {
    PgAddress address;
    address.text = text;
    address.origin = origin;
    const auto url = split_url(text);
    const std::string hint = "write it as postgresql://user@host:5432/database";
    if (!url && text.find('=') == std::string_view::npos)
        return fail(Code::invalid, address.origin + " is not a PostgreSQL address", hint);
    address.conninfo = url ? "postgresql://" + url->authority + "/" + url->path + query_for_libpq(url->query) : std::string(text);
    char* problem = nullptr;
    const Options options(PQconninfoParse(address.conninfo.c_str(), &problem), PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(problem, PQfreemem);  // may quote the password: not shown
    if (!options) return fail(Code::invalid, address.origin + " is not an address that libpq can read", hint);
    Parts parts = parts_of(options.get());
    if (parts.database.empty()) parts.database = parts.user;
    if (parts.database.empty()) return fail(Code::invalid, address.origin + " names no database", hint);
    address.database = parts.database;
    address.shown = shown(parts);
    for (const auto& secret : {parts.password, url ? raw_password(*url) : std::string()})
        if (!secret.empty() && std::ranges::find(address.secrets, secret) == address.secrets.end())
            address.secrets.push_back(secret);
    return address;
}

}  // namespace uprev
