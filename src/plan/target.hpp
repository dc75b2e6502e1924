// SPDX-License-Identifier: Apache-2.0
// From what a feed proposes to what may be deployed: every version with its cause where it can't be, the newest permitted one, and the path
// through required stops. Pure. The feed is not trusted: the verified release file is asked again before anything is staged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "release/feed.hpp"
#include "release/version.hpp"

namespace uprev {

struct Choice {
    FeedRelease release;
    std::string cause;  // why it can't be deployed; empty: it can
};

struct TargetRequest {
    Version current;
    std::optional<Version> to;  // empty: the newest permitted
    std::string channel;
    std::vector<std::string> failed;  // versions marked failed here
    Bump at_most = Bump::major;       // automatic upgrades: patch or minor
    bool allow_downgrade = false;
    bool unattended = false;  // nobody named `to`: a timer's earlier look did, and what holds for the newest holds for it still
};

std::vector<Choice> judge_releases(const Feed& feed, const TargetRequest& request);  // newest first

// Versions to go through, in order, the target last; each is an operation of its own. Empty: nothing to do (current already).
// Errors: not_found (with the nearest), refused (withdrawn, downgrade, failed before …).
Result<std::vector<FeedRelease>> choose_path(const Feed& feed, const TargetRequest& request);

// The lowest release that is marked breaking above `request.current` and below `target`: whoever goes past it meets what it broke.
// Withdrawn ones too, since what comes after them carries their changes. Null: none. Valid as long as `feed`.
const FeedRelease* breaking_on_the_way(const Feed& feed, const TargetRequest& request, const FeedRelease& target);

// Which of the verified release file's conditions `from` does not meet; empty when all hold.
std::string path_conflict(const Version& from, const Version& to, const std::vector<std::string>& upgrade_from,
                          const std::vector<std::string>& required_stops);

}  // namespace uprev
