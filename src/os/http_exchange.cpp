// SPDX-License-Identifier: Apache-2.0
#include "os/http_exchange.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "os/http_address.hpp"

namespace uprev::os {

namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t header_bytes_limit = 64U << 10U;
constexpr std::size_t header_count_limit = 256;

struct Running {
    explicit Running(const Exchange& given) : what(given) {}
    const Exchange& what;
    Exchanged result;
    std::optional<Error> error;  // why a callback ended the transfer
    std::string closed_address;  // an address that was refused
    std::size_t header_bytes = 0;
    std::size_t header_count = 0;
    std::uint64_t received = 0;  // header and body bytes, for the stall clock
    bool head_told = false;
    bool skipped = false;            // the body was not wanted: ending early is no failure
    Steady::time_point next_body{};  // with a rate limit: no body before this
    bool paused = false;
    std::array<char, CURL_ERROR_SIZE> detail{};

    bool stop(Error why) {
        if (!error) error = std::move(why);
        return false;
    }

    // libcurl's own limiter lets whole bursts through; small files would not be limited at all.
    bool on_time(std::size_t bytes) {
        if (what.limits.rate == 0) return true;
        const auto now = Steady::now();
        paused = now < next_body;
        if (!paused)
            next_body = std::max(now - std::chrono::milliseconds(100), next_body) +
                        std::chrono::microseconds(bytes * 1'000'000 / what.limits.rate);
        return !paused;
    }

    bool tell_head() {
        if (head_told) return true;
        head_told = true;
        if (!what.on_head) return true;
        auto wish = what.on_head(result.head);
        if (!wish) return stop(std::move(wish).error());
        skipped = *wish == BodyWish::skip;
        return !skipped;
    }
};

void take_status_line(Running& run, std::string_view line) {
    run.result.head = {};
    const auto space = line.find(' ');
    if (space != std::string_view::npos) run.result.head.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& run = *static_cast<Running*>(user);
    const std::string_view line{data, size * count};
    run.received += line.size();
    run.header_bytes += line.size();
    if (run.header_bytes > header_bytes_limit || ++run.header_count > header_count_limit) {
        run.stop(
            fail(Code::refused, "'" + run.what.url.shown() + "' sent more headers than any honest server", "ask the vendor"));
        return 0;
    }
    if (line.substr(0, 5) == "HTTP/")
        take_status_line(run, line);
    else if (const auto colon = line.find(':'); colon != std::string_view::npos && !run.head_told)
        run.result.head.headers[lower(trim(line.substr(0, colon)))] = std::string(trim(line.substr(colon + 1)));
    else if (trim(line).empty() && run.result.head.status >= 200 && !run.tell_head())
        return 0;
    return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& run = *static_cast<Running*>(user);
    const std::size_t bytes = size * count;
    if (!run.tell_head()) return 0;
    if (!run.on_time(bytes)) return CURL_WRITEFUNC_PAUSE;
    run.received += bytes;
    if (auto done = run.what.on_body ? run.what.on_body({data, bytes}) : Result<>{}; !done) {
        run.stop(std::move(done).error());
        return 0;
    }
    return bytes;
}

// A DNS answer may change between two look-ups: what counts is the address that is really connected to.
curl_socket_t on_socket(void* user, curlsocktype purpose, curl_sockaddr* address) {
    auto& run = *static_cast<Running*>(user);
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    const bool open = is_public_address(address->addr);
    if (!open && !run.what.private_allowed && run.what.limits.proxy.empty()) {
        run.closed_address = address_text(address->addr);
        return CURL_SOCKET_BAD;
    }
    run.result.peer_public = run.result.peer_public || open;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct EasyCloser {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCloser {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListCloser {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;
using Multi = std::unique_ptr<CURLM, MultiCloser>;
using List = std::unique_ptr<curl_slist, ListCloser>;

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != ':' && c != '"' && c != '(' && c != ')' && c != ',' && c != '/' && c != ';';
    });
}

Result<List> header_list(const Exchange& what) {
    List list;
    const auto add = [&](const std::string& line) {
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) return false;
        (void)list.release();
        list.reset(longer);
        return true;
    };
    for (const auto& [name, value] : what.headers) {
        if (!is_token(name))
            return fail(Code::invalid, "'" + name + "' is no name of a header", "correct the headers in the site file");
        if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            return fail(Code::invalid, "the value of header '" + name + "' holds a line break",
                        "correct the secret that it refers to");
        if (!add(value.empty() ? name + ";" : name + ": " + value)) return fail(Code::exhausted, "no memory for headers");
    }
    if (!add("Expect:")) return fail(Code::exhausted, "no memory for headers");
    return list;
}

void set_protocols(CURL* easy, const Exchange& what) {
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, what.url.scheme.c_str());
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, what.limits.proxy.c_str());  // "" also ignores the environment's proxies
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (!what.limits.ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, what.limits.ca_file.c_str());
        curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
}

void set_request(CURL* easy, const Exchange& what, curl_slist* headers) {
    curl_easy_setopt(easy, CURLOPT_URL, what.url.text.c_str());
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "uprev");
    if (what.method == "HEAD")
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (what.method != "GET" || !what.body.empty()) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, what.body.data());
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, what.method.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A buffer is handed over whole, so a slow rate wants small ones.
    const std::uint64_t buffer =
        what.limits.rate == 0 ? 256U << 10U : std::clamp<std::uint64_t>(what.limits.rate / 16, 1024, 256U << 10U);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(buffer));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(what.limits.connect.count()));
}

void set_callbacks(CURL* easy, Running& run) {
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &run);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &run);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &run);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, run.detail.data());
}

Error explain(CURL* easy, CURLcode rc, const Running& run) {
    const std::string where = run.what.url.shown();
    const std::string why = run.detail[0] != '\0' ? run.detail.data() : curl_easy_strerror(rc);
    if (!run.closed_address.empty())
        return fail(Code::refused,
                    "'" + where + "' is refused: '" + run.what.url.host + "' is the private address " + run.closed_address,
                    "if the server really lives in your own network, set allow_private_addresses in the site file");
    long verified = 0;  // some certificate errors are told as failed connections
    if (curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified) == CURLE_OK && verified != 0 &&
        rc == CURLE_SSL_CONNECT_ERROR)
        rc = CURLE_PEER_FAILED_VERIFICATION;
    switch (rc) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return fail(Code::unavailable, "cannot find host '" + run.what.url.host + "'",
                        "check the name and this machine's DNS");
        case CURLE_COULDNT_CONNECT:
            return fail(Code::unavailable, "cannot connect to '" + where + "': " + why,
                        "check the server and this machine's network, then try again");
        case CURLE_PEER_FAILED_VERIFICATION:
            return fail(Code::untrusted, "the certificate of '" + where + "' is not trusted: " + why,
                        "if the server uses its own authority, name its certificate as ca_file in the site file");
        case CURLE_SSL_CACERT_BADFILE:
            return fail(Code::invalid, "cannot read the authority's certificate '" + run.what.limits.ca_file + "'",
                        "correct ca_file in the site file");
        case CURLE_SSL_CONNECT_ERROR:
            return fail(Code::unavailable, "no secure connection to '" + where + "': " + why,
                        "the server must speak TLS 1.2 or newer");
        case CURLE_OPERATION_TIMEDOUT:
            return fail(Code::timeout,
                        "no connection to '" + where + "' within " + std::to_string(run.what.limits.connect.count()) + " ms",
                        "try again, or raise the limit");
        case CURLE_PARTIAL_FILE:
            return fail(Code::unavailable, "the connection to '" + where + "' ended too early: " + why,
                        "try again; a download goes on where it stopped");
        default:
            return fail(Code::unavailable, "cannot talk to '" + where + "': " + why, "try again");
    }
}

// Counts what arrives in each stretch of `stall` seconds, so that one byte now and then doesn't pass for progress.
class StallClock {
   public:
    explicit StallClock(const HttpLimits& limits)
        : stretch_(limits.stall),
          least_((limits.rate != 0 ? std::min(limits.slowest, limits.rate / 2) : limits.slowest) *
                 static_cast<std::uint64_t>(limits.stall.count())) {}
    bool stalled(std::uint64_t received, Steady::time_point now) {
        if (now - since_ < stretch_) return false;
        const bool slow = received - mark_ < least_;
        since_ = now;
        mark_ = received;
        return slow;
    }

   private:
    std::chrono::seconds stretch_;
    std::uint64_t least_;
    std::uint64_t mark_ = 0;
    Steady::time_point since_ = Steady::now();
};

std::optional<Error> outside_limits(Running& run, StallClock& stall) {
    const auto now = Steady::now();
    const std::string where = "'" + run.what.url.shown() + "'";
    if (run.what.cancelled && run.what.cancelled()) return fail(Code::interrupted, "fetching " + where + " was cancelled");
    if (now >= run.what.deadline)
        return fail(Code::timeout,
                    "fetching " + where + " took longer than " + std::to_string(run.what.limits.total.count()) + " ms",
                    "try again, or raise the limit in the site file");
    if (stall.stalled(run.received, now))
        return fail(Code::timeout,
                    where + " sent fewer than " + std::to_string(run.what.limits.slowest) + " bytes a second for " +
                        std::to_string(run.what.limits.stall.count()) + " s",
                    "try again; the server or the network is stalled");
    return {};
}

std::optional<CURLcode> finished(CURLM* multi) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE) return message->data.result;
    return {};
}

Result<> pump(CURLM* multi, CURL* easy, Running& run) {
    StallClock stall(run.what.limits);
    int active = 1;
    while (true) {
        if (curl_multi_perform(multi, &active) != CURLM_OK) return fail(Code::bug, "libcurl's loop failed");
        if (const auto rc = finished(multi)) {
            if (run.error) return std::move(*run.error);
            if (run.skipped) return {};
            if (*rc != CURLE_OK) return explain(easy, *rc, run);
            if (!run.tell_head() && run.error) return std::move(*run.error);
            return {};
        }
        if (auto error = outside_limits(run, stall)) return std::move(*error);
        curl_multi_poll(multi, nullptr, 0, run.paused ? 10 : 50, nullptr);
        if (run.paused && Steady::now() >= run.next_body) {
            run.paused = false;
            curl_easy_pause(easy, CURLPAUSE_CONT);
        }
    }
}

}  // namespace

std::string HttpHead::header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string{} : it->second;
}

bool HttpHead::is_redirect() const {
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) && headers.count("location") != 0;
}

Result<Exchanged> exchange(const Exchange& what) {
    Running run(what);
    // Isn't thread-safe; a local static is initialised exactly once. Not before it is needed: it loads the library.
    [[maybe_unused]] static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    const Easy easy(curl_easy_init());
    const Multi multi(curl_multi_init());
    if (!easy || !multi) return fail(Code::exhausted, "libcurl has no memory");
    const List headers = TRY(header_list(what));
    set_protocols(easy.get(), what);
    set_request(easy.get(), what, headers.get());
    set_callbacks(easy.get(), run);
    if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return fail(Code::bug, "libcurl refuses the request");
    auto done = pump(multi.get(), easy.get(), run);
    curl_multi_remove_handle(multi.get(), easy.get());
    TRY_VOID(done);
    return std::move(run.result);
}

}  // namespace uprev::os
