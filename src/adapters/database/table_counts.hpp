// SPDX-License-Identifier: Apache-2.0
// Row counts of two databases, held against each other.
#pragma once

#include <string>
#include <vector>

#include "ports/database.hpp"

namespace uprev {

// Empty when equal; else the first differences: "public.orders has 99 rows instead of 100".
std::string difference(const std::vector<TableCount>& expected, const std::vector<TableCount>& found);

}  // namespace uprev
