// SPDX-License-Identifier: Apache-2.0
// The forms in which a secret may turn up in output: as it is, URL-encoded, escaped as in JSON, in base64 at any alignment,
// and each longer line of one that has several. For this folder only; others call mask() of secrets.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace uprev::os {

// Every form of every secret, without duplicates; encoded forms only of secrets of 8 bytes or more.
std::vector<std::string> mask_forms(const std::vector<std::string>& secrets);
// Replaces every one of `forms` in `text` by ***, longest first.
std::string mask_literally(std::string_view text, const std::vector<std::string>& forms);

}  // namespace uprev::os
