// SPDX-License-Identifier: Apache-2.0
// The verifier `minisign`: an Ed25519 signature by one of the site's keys over the BLAKE2b-512 of the artifact (`ED`), or over the
// artifact itself (`Ed`) where the policy allows legacy. The trusted comment is used only after its own signature held.
#pragma once

#include <memory>

#include "ports/verifier.hpp"
#include "release/site_file.hpp"

namespace uprev {

std::unique_ptr<Verifier> make_minisign_verifier(const TrustSpec& trust);

}  // namespace uprev
