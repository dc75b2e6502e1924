// SPDX-License-Identifier: Apache-2.0
// From a proposed release to a verified artifact in the installation's private store. Nothing of it is read as configuration before
// every verifier that the site requires has agreed.
#pragma once

#include "operations/session.hpp"

namespace uprev {

struct VerifiedRelease {
    Target target;
    os::Path artifact;
    std::string release_text;     // the vendor's release file; empty: the release ships none
    std::uint64_t unpacked = 0;   // bytes; 0: not measured
};

Result<VerifiedRelease> acquire(Session& session, const Ports& ports, const FeedRelease& release, const FetchWatch& watch);

}  // namespace uprev
