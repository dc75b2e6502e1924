// SPDX-License-Identifier: Apache-2.0
#include "os/http_url.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace uprev::os {

namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, what, &text, flags) != CURLUE_OK || text == nullptr) return {};
    std::string out = text;
    curl_free(text);
    return out;
}

// Shown in messages before anything was parsed: never the query, never userinfo.
std::string safe_excerpt(std::string_view text) {
    std::string out{text.substr(0, text.find_first_of("?#"))};
    const auto at = out.rfind('@');
    const auto scheme = out.find("://");
    if (at != std::string::npos && scheme != std::string::npos && at > scheme) out.replace(scheme + 3, at - scheme - 3, "***");
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    if (out.size() > 200) out = out.substr(0, 200) + "…";
    return out;
}

Result<> check_characters(std::string_view text) {
    const bool odd = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '\\'; });
    if (text.empty()) return fail(Code::invalid, "the address is empty");
    if (text.size() > 8192) return fail(Code::invalid, "the address is longer than 8192 characters");
    if (odd)
        return fail(Code::refused,
                    "the address '" + safe_excerpt(text) + "' holds a space, a backslash, a control or a non-ASCII character",
                    "percent-encode it");
    return {};
}

// The scheme as written, in lower case; empty for a relative reference.
std::string written_scheme(std::string_view text) {
    const auto colon = text.find_first_of(":/?#");
    if (colon == std::string_view::npos || text[colon] != ':' || colon == 0) return {};
    return lower(std::string(text.substr(0, colon)));
}

Result<> check_scheme(std::string_view text, bool allow_plain_http) {
    const std::string scheme = written_scheme(text);
    const std::string what = "the address '" + safe_excerpt(text) + "' is refused: ";
    if (!scheme.empty() && scheme != "https" && scheme != "http")
        return fail(Code::refused, what + "only https is spoken, not " + scheme, "publish the file over https");
    if (scheme == "http" && !allow_plain_http)
        return fail(Code::refused, what + "plain http is not allowed", "use https, or set allow_plain_http in the site file");
    // "https:/host" and "https:///host" are read differently by different parsers.
    const std::size_t slashes = scheme.empty() ? 0 : scheme.size() + 1;
    const bool has_authority = !scheme.empty() || text.substr(0, 2) == "//";
    if (has_authority &&
        (text.substr(slashes, 2) != "//" || text.substr(slashes + 2, 1).find_first_of("/?#") != std::string_view::npos ||
         text.size() == slashes + 2))
        return fail(Code::invalid, "the address '" + safe_excerpt(text) + "' names no host",
                    "write it whole, such as https://host/path");
    return {};
}

// The authority as written: what stands between "//" and the next "/", "?" or "#"; empty when the text has none.
std::string_view written_authority(std::string_view text) {
    const std::string scheme = written_scheme(text);
    if (scheme.empty() && text.substr(0, 2) != "//") return {};
    const auto rest = text.substr(scheme.empty() ? 2 : scheme.size() + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

std::string_view without_port(std::string_view authority) {
    if (!authority.empty() && authority.front() == '[') return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.find(':'));
}

bool is_ipv4(const std::string& host) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// A last label of digits or 0x… is read as an IPv4 number by many resolvers.
bool looks_numeric(std::string_view host) {
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    const auto last = host.substr(host.rfind('.') + 1);
    if (last.empty()) return true;
    if (std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; })) return true;
    return last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X');
}

Result<bool> check_host(const std::string& host, std::string_view shown) {
    const auto refuse = [&](const std::string& why) {
        return fail(Code::refused, "the address '" + std::string(shown) + "' is refused: " + why,
                    "name the host by its DNS name or in ordinary dotted notation");
    };
    if (host.empty()) return refuse("it names no host");
    if (host.front() == '[') {
        in6_addr address{};
        const std::string inner = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, inner.c_str(), &address) != 1) return refuse("the bracketed host is no plain IPv6 address");
        if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address))
            return refuse("an IPv4 address is hidden in an IPv6 one");
        return true;
    }
    if (is_ipv4(host)) return true;
    if (looks_numeric(host)) return refuse("the host is an IP address in an unusual spelling");
    const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    });
    if (!plain) return refuse("the host name holds an unusual character");
    return false;
}

Result<Url> take_apart(CURLU* handle, std::string_view written, bool allow_plain_http) {
    const std::string shown = safe_excerpt(part(handle, CURLUPART_URL));
    Url url;
    url.scheme = part(handle, CURLUPART_SCHEME);
    if (url.scheme != "https" && !(url.scheme == "http" && allow_plain_http))
        return fail(Code::refused, "the address '" + shown + "' is refused: its scheme is " + url.scheme);
    if (!part(handle, CURLUPART_USER).empty() || !part(handle, CURLUPART_PASSWORD).empty() ||
        written.find('@') != std::string_view::npos)
        return fail(Code::refused, "the address '" + shown + "' is refused: it carries a user name or password",
                    "put credentials into headers, as a reference to a secret");
    const std::string raw = part(handle, CURLUPART_HOST);
    url.host = lower(raw);
    if (const auto as_written = without_port(written); !as_written.empty() && lower(std::string(as_written)) != url.host)
        return fail(Code::refused,
                    "the address '" + shown + "' is refused: its host is an IP address or a name in an unusual spelling",
                    "name the host by its DNS name or in ordinary dotted notation");
    url.literal = TRY(check_host(url.host, shown));
    url.port = std::atoi(part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str());
    if (url.port <= 0) return fail(Code::refused, "the address '" + shown + "' is refused: port 0");
    url.path = part(handle, CURLUPART_PATH);
    curl_url_set(handle, CURLUPART_HOST, url.host.c_str(), 0);
    curl_url_set(handle, CURLUPART_FRAGMENT, nullptr, 0);
    url.text = part(handle, CURLUPART_URL);
    return url;
}

}  // namespace

std::string Url::shown() const { return text.substr(0, text.find('?')); }

Result<Url> parse_url(std::string_view text, bool allow_plain_http) {
    TRY_VOID(check_characters(text));
    TRY_VOID(check_scheme(text, allow_plain_http));
    if (written_scheme(text).empty())
        return fail(Code::invalid, "the address '" + safe_excerpt(text) + "' is no web address",
                    "write it whole, such as https://host/path");
    const Handle handle(curl_url(), &curl_url_cleanup);
    const std::string copy{text};
    if (const CURLUcode rc = curl_url_set(handle.get(), CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME); rc != CURLUE_OK)
        return fail(Code::invalid, "the address '" + safe_excerpt(text) + "' is no web address: " + curl_url_strerror(rc),
                    "write it whole, such as https://host/path");
    return take_apart(handle.get(), written_authority(text), allow_plain_http);
}

Result<Url> resolve_url(const Url& base, std::string_view reference, bool allow_plain_http) {
    TRY_VOID(check_characters(reference));
    TRY_VOID(check_scheme(reference, allow_plain_http));
    const Handle handle(curl_url(), &curl_url_cleanup);
    const std::string copy{reference};
    if (curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK)
        return fail(Code::bug, "the base address cannot be parsed");
    if (const CURLUcode rc = curl_url_set(handle.get(), CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME); rc != CURLUE_OK)
        return fail(Code::invalid, "the address '" + safe_excerpt(reference) + "' is no web address: " + curl_url_strerror(rc));
    return take_apart(handle.get(), written_authority(reference), allow_plain_http);
}

}  // namespace uprev::os
