// SPDX-License-Identifier: Apache-2.0
// HTTP out, over libcurl. Redirects are followed by hand and each hop is checked; TLS is always verified; protocols are pinned.
// The address is checked when the socket is opened, so a DNS answer that changes cannot slip through.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev::os {

struct HttpLimits {
    std::uint64_t bytes = 8U << 20U;  // body, after decoding; more is Code::exhausted
    std::chrono::milliseconds total{60'000};
    std::chrono::milliseconds connect{10'000};
    std::uint64_t slowest = 1024;  // bytes per second, averaged over `stall`
    std::chrono::seconds stall{30};
    std::uint64_t rate = 0;  // bytes per second at most; 0: no limit
    int redirects = 5;
    bool allow_plain_http = false;  // http: only where the site says so
    bool allow_private = false;     // loopback, link-local and private addresses only where the site says so
    std::string ca_file;            // empty: the system's
    std::string proxy;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::map<std::string, std::string> headers;  // `authorization` and `cookie` are dropped when a redirect leaves the host
    std::string body;
    HttpLimits limits;
};

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::string final_url;
};

struct DownloadProgress {
    std::uint64_t done = 0;   // bytes, resumed ones included
    std::uint64_t total = 0;  // bytes; 0: not known
};

struct Downloaded {
    std::uint64_t size = 0;
    std::string validator;  // to resume with later; empty when the server gave none
    std::string final_url;
    bool resumed = false;  // false when the server sent the whole body although asked to resume
};

struct Download {
    HttpRequest request;
    int fd = -1;  // open for reading and writing; may hold `resume_from` bytes already
    std::uint64_t resume_from = 0;
    std::string resume_validator;     // ETag or Last-Modified of the earlier part, sent as If-Range
    std::uint64_t expected_size = 0;  // 0: not known; otherwise a different size is Code::corrupt
    std::function<void(const DownloadProgress&)> progress;
    std::function<bool()> cancelled;                        // polled; true ends it with Code::interrupted
    std::function<void(const char*, std::size_t)> written;  // every byte in order, re-read ones of a resumed part included
    std::function<void(const Downloaded&)> started;  // once, before the first byte is written; size 0 when the server doesn't say
};

class Http {
   public:
    virtual ~Http() = default;
    virtual Result<HttpResponse> fetch(const HttpRequest& request) = 0;  // any status is an answer, not an Error
    virtual Result<Downloaded> download(const Download& download) = 0;   // a status other than 200/206 is an Error
};

}  // namespace uprev::os
