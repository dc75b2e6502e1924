// SPDX-License-Identifier: Apache-2.0
// The verifier `sha256`: the digest that the feed states must be there and equal. It says who vouches for nothing: a feed that
// can be forged can state any digest, so it guards against damage and mix-ups only.
#pragma once

#include <memory>

#include "ports/verifier.hpp"
#include "release/site_file.hpp"

namespace uprev {

std::unique_ptr<Verifier> make_sha256_verifier(const TrustSpec& trust);

}  // namespace uprev
