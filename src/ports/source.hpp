// SPDX-License-Identifier: Apache-2.0
// Where releases are published. A source only proposes: nothing it says is trusted before the verifier agreed.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "os/http.hpp"
#include "release/feed.hpp"

namespace uprev {

struct FetchedRelease {
    os::Path artifact;          // the tarball, 0600, in `folder`
    std::uint64_t size = 0;     // bytes
    std::string sha256;         // hex, computed while streaming
    std::string signature;      // minisign signature file's text; empty when the source names none
    std::string artifact_name;  // last component of its address, for the trusted comment
};

struct FetchWatch {
    std::function<void(const os::DownloadProgress&)> progress;
    std::function<bool()> cancelled;
};

class Source {
   public:
    virtual ~Source() = default;
    virtual Result<Feed> list() = 0;
    // Completes `release` from the site's templates (simple feed) and makes its addresses absolute.
    virtual Result<FeedRelease> resolve(const FeedRelease& release) = 0;
    // Downloads into `folder` (exists, private, ours); resumes what an earlier call left there.
    virtual Result<FetchedRelease> fetch(const FeedRelease& release, const os::Path& folder, const FetchWatch& watch) = 0;
    // The release file published beside the artifact, with its signature's text; nothing when none is published.
    struct Published {
        std::string text;
        std::string signature;
    };
    virtual Result<std::optional<Published>> release_file(const FeedRelease& release) = 0;
    // Another small document at `address`, absolute or relative to the feed. Nobody vouches for it: to be shown, never acted upon.
    virtual Result<std::string> document(const std::string& address) = 0;
};

}  // namespace uprev
