// SPDX-License-Identifier: Apache-2.0
// What is on the disk after a cut, in the words of the promises. Shares no code with uprev: SQLite and the system's own calls only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "promises.hpp"

namespace powercut {

struct Observed {
    Facts facts;                        // as Promises names them
    std::vector<std::string> problems;  // what no cut may leave behind, promised or not
};
Observed observe(const std::filesystem::path& root);

}  // namespace powercut
