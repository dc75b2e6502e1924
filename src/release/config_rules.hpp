// SPDX-License-Identifier: Apache-2.0
// What only the whole of a site or release file can get wrong: one key against another, and secrets where references belong.
#pragma once

#include <functional>
#include <string>

#include "release/release_file.hpp"
#include "release/site_file.hpp"
#include "release/yaml_tree.hpp"

namespace uprev {

// Called with the dotted path and the rest of the sentence "'path' …".
using Complain = std::function<void(const std::string& path, const std::string& text)>;

void check_site(const SiteFile& site, const Complain& complain);
void check_release(const ReleaseFile& release, const std::string& prefix, const Complain& complain);
// Passwords in addresses, anywhere in a layer. Never shows them.
void check_passwords(const YamlNode& node, const std::string& path, std::vector<Problem>& problems);

}  // namespace uprev
