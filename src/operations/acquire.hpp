// SPDX-License-Identifier: Apache-2.0
// From a proposed release to a verified artifact in the installation's private store. Nothing of it is read as configuration before
// every verifier that the site requires has agreed.
#pragma once

#include <optional>

#include "operations/session.hpp"

namespace uprev {

struct VerifiedRelease {
    Target target;
    os::Path artifact;
    std::string release_text;    // the vendor's release file; empty: the release ships none
    std::uint64_t unpacked = 0;  // bytes; 0: not measured
};

// What a plan can be made from without a download: the release file that is published beside the artifact, when a signature of its own
// satisfies every signature verifier that the site requires, and the feed states the artifact's digest and size. Nothing: it takes the
// artifact. `artifact` stays empty, and what the feed states is proven only by the upgrade.
Result<std::optional<VerifiedRelease>> read_published(const Ports& ports, const FeedRelease& release);

Result<VerifiedRelease> acquire(Session& session, const Ports& ports, const FeedRelease& release, const FetchWatch& watch);

}  // namespace uprev
