// SPDX-License-Identifier: Apache-2.0
// The source `feed`: a JSON feed with tarballs beside it, over https or in a local folder for machines without network.
// Nothing that it hands out has been verified yet; a digest that the feed states is held against the bytes all the same.
#pragma once

#include <memory>

#include "os/http.hpp"
#include "ports/source.hpp"
#include "release/site_file.hpp"

namespace uprev {

// `http` must outlive the source. Problems with the site's settings show when a verb is called.
std::unique_ptr<Source> make_feed_source(const SiteFile& site, os::Http& http);

}  // namespace uprev
