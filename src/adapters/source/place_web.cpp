// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "adapters/source/place.hpp"
#include "os/http_url.hpp"
#include "os/secrets.hpp"

namespace uprev {

namespace {

constexpr int attempts = 5;

// Credentials go to the feed's own host and to hosts that the operator's templates name, never to one that only the feed names.
class WebPlace final : public Place {
   public:
    WebPlace(const FeedSpec& feed, os::Http& http) : feed_(feed), http_(http) {}

    [[nodiscard]] std::string feed_address() const override { return feed_.url; }

    Result<std::string> absolute(const std::string& address) const override {
        const os::Url base = TRY(os::parse_url(feed_.url, feed_.allow_plain_http));
        return TRY(os::resolve_url(base, address, feed_.allow_plain_http).within("reading the feed '" + base.shown() + "'")).text;
    }

    Result<std::string> read(const std::string& address, std::uint64_t limit) override {
        os::HttpRequest request = TRY(make_request(address, limit, feed_.timeout));
        auto response = TRY(http_.fetch(request));
        if (response.status == 200) return std::move(response.body);
        return status_error(response, address);
    }

    Result<HashedFile> fetch(const std::string& address, std::uint64_t size, PartFile& part, const FetchWatch& watch) override {
        std::uint64_t before = TRY(part.size());
        for (int attempt = 1;; ++attempt) {
            auto done = fetch_once(address, size, part, watch);
            if (done) return done;
            // Only a cut connection is worth another try, and only while it brings us forward.
            const std::uint64_t now = TRY(part.size());
            if (done.error().code != Code::unavailable || attempt == attempts || now <= before) return done;
            before = now;
        }
    }

    bool unchanged(const std::string& address, const PartRecord& record) override {
        if (record.validator.empty()) return false;
        auto request = make_request(address, 64U << 10U, feed_.timeout);
        if (!request) return false;
        request->method = "HEAD";
        const auto response = http_.fetch(*request);
        if (!response || response->status != 200) return false;
        const auto header = [&](const char* name) {
            const auto it = response->headers.find(name);
            return it == response->headers.end() ? std::string{} : it->second;
        };
        return record.validator == header("etag") || (header("etag").empty() && record.validator == header("last-modified"));
    }

   private:
    Result<HashedFile> fetch_once(const std::string& address, std::uint64_t size, PartFile& part, const FetchWatch& watch) {
        os::Download download;
        download.request = TRY(make_request(address, feed_.max_artifact_bytes, feed_.download_timeout));
        download.request.limits.rate = feed_.rate;
        download.fd = part.descriptor();
        download.expected_size = size;
        download.progress = watch.progress;
        download.cancelled = watch.cancelled;
        PartRecord record = part.record();
        if (record.url == address && record.size == size && !record.complete && !record.validator.empty()) {
            download.resume_from = TRY(part.size());
            download.resume_validator = record.validator;
        }
        Sha256 hash;
        download.written = [&](const char* data, std::size_t bytes) { hash.update(data, bytes); };
        Result<> kept;
        download.started = [&](const os::Downloaded& head) { kept = part.keep({address, head.validator, size, "", false}); };
        const os::Downloaded done = TRY(http_.download(download));
        TRY_VOID(kept);
        return HashedFile{done.size, hash.finish().hex};
    }

    Result<os::HttpRequest> make_request(const std::string& address, std::uint64_t limit, Millis timeout) const {
        os::HttpRequest request;
        request.url = address;
        request.limits.bytes = limit;
        request.limits.total = timeout;
        request.limits.allow_plain_http = feed_.allow_plain_http;
        request.limits.allow_private = feed_.allow_private_addresses;
        request.limits.ca_file = feed_.ca_file;
        if (!may_know_credentials(address)) return request;
        for (const auto& [name, value] : feed_.headers)
            request.headers[name] = TRY(os::reveal(value).within("header '" + name + "' of the feed")).value;
        return request;
    }

    [[nodiscard]] bool may_know_credentials(const std::string& address) const {
        const auto to = os::parse_url(address, feed_.allow_plain_http);
        if (!to) return false;
        for (const std::string& own : {feed_.url, feed_.artifact, feed_.signature, feed_.release_file}) {
            const auto slash = own.find('/', own.find("://") == std::string::npos ? 0 : own.find("://") + 3);
            const auto from = os::parse_url(own.substr(0, slash), feed_.allow_plain_http);
            if (from && from->same_origin(*to)) return true;
        }
        return false;
    }

    static Error status_error(const os::HttpResponse& response, const std::string& address) {
        const std::string what = "'" + address.substr(0, address.find('?')) + "' answered " + std::to_string(response.status);
        if (response.status == 404 || response.status == 410)
            return fail(Code::not_found, what + ": it isn't there", "check the address in the feed or the site file");
        if (response.status == 401 || response.status == 403)
            return fail(Code::permission, what + ": access denied",
                        "the credentials in source.feed.headers are missing, wrong or expired");
        if (response.status == 429 || response.status >= 500) return fail(Code::unavailable, what, "try again later");
        return fail(Code::failed, what, "check the address in the feed or the site file");
    }

    FeedSpec feed_;
    os::Http& http_;
};

}  // namespace

std::unique_ptr<Place> make_web_place(const FeedSpec& feed, os::Http& http) { return std::make_unique<WebPlace>(feed, http); }

}  // namespace uprev
