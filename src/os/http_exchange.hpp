// SPDX-License-Identifier: Apache-2.0
// One request to one address over libcurl: no redirects, no connection reuse, the address checked as the socket is opened.
// Limits hold whatever the server does: size, total time, stalling, dripping, header floods, cancellation.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/http.hpp"
#include "os/http_url.hpp"

namespace uprev::os {

struct HttpHead {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case; a repeated one keeps its last value
    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] bool is_redirect() const;
};

// What to do with the body once the head is known.
enum class BodyWish { take, skip };

struct Exchange {
    Url url;
    std::string method = "GET";
    std::map<std::string, std::string> headers;
    std::string body;
    HttpLimits limits;
    bool private_allowed = false;
    std::chrono::steady_clock::time_point deadline;
    std::function<bool()> cancelled;
    std::function<Result<BodyWish>(const HttpHead&)> on_head;
    std::function<Result<>(std::string_view)> on_body;
};

struct Exchanged {
    HttpHead head;
    bool peer_public = false;  // the address that was connected to
};

Result<Exchanged> exchange(const Exchange& what);

}  // namespace uprev::os
