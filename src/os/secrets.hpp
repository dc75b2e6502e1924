// SPDX-License-Identifier: Apache-2.0
// References to secrets become values only here, at the moment of use. "env:NAME" is read from uprev's own environment, "file:PATH" from a
// file that no other user may write. Anything else is returned as it stands.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace uprev::os {

struct Revealed {
    std::string value;
    bool secret = false;  // it was a reference: mask it
};
Result<Revealed> reveal(std::string_view reference);

// Reads KEY=VALUE lines (dotenv: comments, export, single and double quotes, no expansion). Errors name file and line, never a value.
Result<std::map<std::string, std::string>> read_env_file(const std::string& path);

// userinfo passwords of URLs in `text`, and each of `secrets`, replaced by ***.
std::string mask(std::string_view text, const std::vector<std::string>& secrets);

// Values of keys that look secret (PASSWORD, SECRET, TOKEN, KEY, …_URL with a password), to mask in the output of commands.
std::vector<std::string> secrets_of(const std::map<std::string, std::string>& environment);

}  // namespace uprev::os
