// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/http.hpp"
#include "os/http_exchange.hpp"
#include "os/http_url.hpp"
#include "os/linux.hpp"

namespace uprev::os {

namespace {

using Steady = std::chrono::steady_clock;

// Headers that carry no secret and may follow a redirect to another host. Whatever else the caller gave stays at home.
bool travels(std::string_view given) {
    const std::string name = lower(given);
    return name == "accept" || name == "range" || name == "if-range" || name == "content-type";
}

void drop_credentials(std::map<std::string, std::string>& headers) {
    for (auto it = headers.begin(); it != headers.end();) it = travels(it->first) ? std::next(it) : headers.erase(it);
}

struct Sink {
    std::function<Result<BodyWish>(const HttpHead&, const Url&)> on_head;
    std::function<Result<>(std::string_view)> on_body;
    std::function<bool()> cancelled;
};

struct Answer {
    HttpHead head;
    Url url;
};

Result<Url> next_hop(const Url& from, const std::string& location, const HttpLimits& limits) {
    Url to = TRY(resolve_url(from, location, limits.allow_plain_http).within("following a redirect from '" + from.shown() + "'"));
    const std::string what = "the redirect from '" + from.shown() + "' to '" + to.shown() + "' is refused: ";
    if (from.scheme == "https" && to.scheme != "https")
        return fail(Code::refused, what + "it leaves https", "name the final address in the site file or the feed");
    if (to.literal && !from.literal && !limits.allow_private)
        return fail(Code::refused, what + "it leads from a host name to a bare IP address",
                    "name the final address in the site file or the feed");
    return to;
}

Result<Answer> follow(const HttpRequest& request, const Sink& sink) {
    Exchange hop;
    hop.url = TRY(parse_url(request.url, request.limits.allow_plain_http));
    hop.method = request.method;
    hop.headers = request.headers;
    hop.body = request.body;
    hop.limits = request.limits;
    hop.deadline = Steady::now() + request.limits.total;
    hop.cancelled = sink.cancelled;
    hop.on_body = sink.on_body;
    const bool follows = request.method == "GET" || request.method == "HEAD";
    bool seen_public = false;
    for (int hops = 0;; ++hops) {
        // A public server must not be able to send us into the operator's network, even where that network is allowed.
        hop.private_allowed = request.limits.allow_private && !seen_public;
        hop.on_head = [&](const HttpHead& head) -> Result<BodyWish> {
            if (follows && head.is_redirect()) return BodyWish::skip;
            return sink.on_head ? sink.on_head(head, hop.url) : Result<BodyWish>(BodyWish::take);
        };
        Exchanged done = TRY(exchange(hop));
        if (!follows || !done.head.is_redirect()) return Answer{std::move(done.head), hop.url};
        if (hops >= request.limits.redirects)
            return fail(Code::refused,
                        "'" + request.url.substr(0, request.url.find('?')) + "' redirects more than " +
                            std::to_string(request.limits.redirects) + " times",
                        "name the final address");
        seen_public = seen_public || done.peer_public;
        Url to = TRY(next_hop(hop.url, done.head.header("location"), request.limits));
        if (!to.same_origin(hop.url)) drop_credentials(hop.headers);
        hop.url = std::move(to);
    }
}

Error too_big(const Url& url, std::uint64_t limit) {
    return fail(Code::exhausted, "'" + url.shown() + "' sends more than the " + std::to_string(limit) + " bytes that are allowed",
                "check the address; raise the limit in the site file if the file really is that big");
}

std::optional<std::uint64_t> number(std::string_view text) {
    if (text.empty() || text.size() > 18) return {};
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

struct ContentRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> total;
};

// "bytes 5-9/10"
std::optional<ContentRange> content_range(std::string_view text) {
    if (text.substr(0, 6) != "bytes ") return {};
    text.remove_prefix(6);
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return {};
    const auto first = number(text.substr(0, dash));
    if (!first || !number(text.substr(dash + 1, slash - dash - 1))) return {};
    return ContentRange{*first, number(text.substr(slash + 1))};
}

// If-Range wants a strong validator (RFC 9110 section 13.1.5).
std::string validator_of(const HttpHead& head) {
    const std::string etag = head.header("etag");
    if (!etag.empty() && etag.front() == '"') return etag;
    return head.header("last-modified");
}

Error status_error(const HttpHead& head, const Url& url) {
    const std::string what = "'" + url.shown() + "' answered " + std::to_string(head.status);
    if (head.status == 401 || head.status == 403)
        return fail(Code::permission, what + ": access denied",
                    "the credentials in the site file's headers are missing, wrong or expired");
    if (head.status == 404 || head.status == 410)
        return fail(Code::not_found, what + ": it isn't there", "check the address in the feed or the site file");
    if (head.status == 429 || head.status >= 500) {
        const std::string after = head.header("retry-after");
        return fail(
            Code::unavailable, what,
            after.empty() || after.size() > 40 ? "try again later" : "try again after " + after + (number(after) ? " s" : ""));
    }
    return fail(Code::failed, what, "check the address");
}

// Writes one download into its file; decides from the head whether the earlier part may stay.
class Part {
   public:
    explicit Part(const Download& download) : download_(download) {}

    Result<BodyWish> begin(const HttpHead& head, const Url& url) {
        url_ = url;
        std::uint64_t total = 0;
        if (head.status == 206) {
            const auto range = content_range(head.header("content-range"));
            const std::string now = validator_of(head);
            if (!range || range->first != download_.resume_from || download_.resume_from == 0 ||
                (!now.empty() && now != download_.resume_validator)) {
                restart_ = true;
                return BodyWish::skip;
            }
            total = range->total.value_or(0);
            TRY_VOID(check_total(total));
            TRY_VOID(replay());
            resumed_ = true;
        } else if (head.status == 416 && download_.resume_from != 0) {
            restart_ = true;
            return BodyWish::skip;
        } else if (head.status == 200) {
            total = number(head.header("content-length")).value_or(0);
            TRY_VOID(check_total(total));
            if (ftruncate(download_.fd, 0) != 0)
                return fail(Code::failed, std::string("cannot empty the partial download: ") + errno_text(errno));
        } else {
            return status_error(head, url);
        }
        total_ = total;
        validator_ = validator_of(head);
        if (download_.started) download_.started({total, validator_, url.text, resumed_});
        return BodyWish::take;
    }

    Result<> take(std::string_view bytes) {
        if (done_ + bytes.size() > download_.request.limits.bytes) return too_big(url_, download_.request.limits.bytes);
        if (download_.expected_size != 0 && done_ + bytes.size() > download_.expected_size) return wrong_size("more");
        TRY_VOID(write_all(bytes));
        tell(bytes);
        return {};
    }

    Result<Downloaded> end() {
        if (download_.expected_size != 0 && done_ != download_.expected_size) return wrong_size(std::to_string(done_));
        if (download_.progress) download_.progress({done_, done_});
        return Downloaded{done_, validator_, url_.text, resumed_};
    }

    [[nodiscard]] bool wants_restart() const { return restart_; }

   private:
    Result<> check_total(std::uint64_t total) const {
        if (total > download_.request.limits.bytes) return too_big(url_, download_.request.limits.bytes);
        if (total != 0 && download_.expected_size != 0 && total != download_.expected_size)
            return wrong_size(std::to_string(total));
        return {};
    }

    Error wrong_size(const std::string& seen) const {
        return fail(
            Code::corrupt,
            "'" + url_.shown() + "' has " + seen + " bytes where the feed states " + std::to_string(download_.expected_size),
            "the feed or the file is wrong: ask the vendor, or try again later");
    }

    // Hands on what an earlier run has left in the file.
    Result<> replay() {
        std::array<char, 1U << 16U> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        while (done_ < download_.resume_from) {
            const auto want = std::min<std::uint64_t>(buffer.size(), download_.resume_from - done_);
            const ssize_t got = pread(download_.fd, buffer.data(), want, static_cast<off_t>(done_));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return fail(Code::failed, "cannot read the partial download back", "remove it and try again");
            tell({buffer.data(), static_cast<std::size_t>(got)});
        }
        return {};
    }

    Result<> write_all(std::string_view bytes) const {
        std::uint64_t at = done_;
        while (!bytes.empty()) {
            const ssize_t put = pwrite(download_.fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) {
                const bool full = errno == ENOSPC || errno == EDQUOT;
                return fail(full ? Code::exhausted : Code::failed, std::string("cannot write the download: ") + errno_text(errno),
                            full ? "free some disk space and try again; it goes on where it stopped" : "");
            }
            at += static_cast<std::uint64_t>(put);
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return {};
    }

    void tell(std::string_view bytes) {
        done_ += bytes.size();
        if (download_.written) download_.written(bytes.data(), bytes.size());
        const auto now = Steady::now();
        if (!download_.progress || now - told_ < std::chrono::milliseconds(100)) return;
        told_ = now;
        download_.progress({done_, total_});
    }

    const Download& download_;
    Url url_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    std::string validator_;
    bool resumed_ = false;
    bool restart_ = false;
    Steady::time_point told_{};
};

class CurlHttp final : public Http {
   public:
    Result<HttpResponse> fetch(const HttpRequest& request) override {
        HttpResponse response;
        Sink sink;
        sink.on_head = [&](const HttpHead& head, const Url& url) -> Result<BodyWish> {
            if (request.method != "HEAD" && number(head.header("content-length")).value_or(0) > request.limits.bytes)
                return too_big(url, request.limits.bytes);
            const std::string encoding = head.header("content-encoding");
            if (!encoding.empty() && encoding != "identity")
                return fail(
                    Code::corrupt,
                    "'" + url.shown() + "' sends a body in '" + encoding.substr(0, 40) + "' encoding, which was not asked for",
                    "the server must send it plain");
            return BodyWish::take;
        };
        sink.on_body = [&](std::string_view bytes) -> Result<> {
            if (response.body.size() + bytes.size() > request.limits.bytes)
                return fail(Code::exhausted,
                            "'" + request.url.substr(0, request.url.find('?')) + "' sends more than the " +
                                std::to_string(request.limits.bytes) + " bytes that are allowed",
                            "check the address");
            response.body.append(bytes);
            return {};
        };
        Answer answer = TRY(follow(request, sink));
        response.status = answer.head.status;
        response.headers = std::move(answer.head.headers);
        response.final_url = answer.url.text;
        return response;
    }

    Result<Downloaded> download(const Download& download) override {
        if (download.resume_from != 0 && !download.resume_validator.empty()) {
            bool restart = false;
            auto resumed = attempt(download, restart);
            if (!restart) return resumed;
        }
        Download whole = download;
        whole.resume_from = 0;
        bool restart = false;
        auto done = attempt(whole, restart);
        if (restart)
            return fail(Code::failed,
                        "'" + download.request.url.substr(0, download.request.url.find('?')) +
                            "' sent a part of the file although the whole was asked for",
                        "ask the vendor");
        return done;
    }

   private:
    static Result<Downloaded> attempt(const Download& download, bool& restart) {
        HttpRequest request = download.request;
        if (download.resume_from != 0) {
            request.headers["Range"] = "bytes=" + std::to_string(download.resume_from) + "-";
            request.headers["If-Range"] = download.resume_validator;
        }
        Part part(download);
        Sink sink;
        sink.on_head = [&](const HttpHead& head, const Url& url) { return part.begin(head, url); };
        sink.on_body = [&](std::string_view bytes) { return part.take(bytes); };
        sink.cancelled = download.cancelled;
        auto answer = follow(request, sink);
        restart = part.wants_restart();
        if (restart) return Downloaded{};
        TRY_VOID(answer);
        return part.end();
    }
};

}  // namespace

std::unique_ptr<Http> make_http() { return std::make_unique<CurlHttp>(); }

}  // namespace uprev::os
