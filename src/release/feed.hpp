// SPDX-License-Identifier: Apache-2.0
// What a source publishes. Two shapes of feed: the simple object {latest, current, changelog, breaking} and the list {"releases": […]}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "release/version.hpp"

namespace uprev {

struct FeedArtifact {
    std::string url;         // absolute, or relative to the feed
    std::uint64_t size = 0;  // bytes; 0: not stated
    std::string sha256;      // hex; empty: not stated
    std::string signature;   // url of the minisign signature
};

struct FeedRelease {
    Version version;
    std::string channel = "stable";
    std::string date;
    FeedArtifact artifact;
    std::string release_file;            // url; empty: inside the artifact
    std::string release_file_signature;  // url
    std::string changelog;
    bool breaking = false;
    std::vector<std::string> upgrade_from;  // npm ranges; empty: any
    bool required_stop = false;
    std::string withdrawn;  // reason; empty: not withdrawn
};

struct Feed {
    bool simple = false;                // only the latest is known: older patches may be hidden
    std::vector<FeedRelease> releases;  // newest first; a version listed twice is Code::invalid
};

// Grammar in docs/feed.md. `where` names the feed in errors. HTML, empty, or nested nonsense give Code::invalid with an excerpt.
Result<Feed> parse_feed(std::string_view body, std::string_view where);

}  // namespace uprev
