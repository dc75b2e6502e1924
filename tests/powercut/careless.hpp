// SPDX-License-Identifier: Apache-2.0
// The proof that a cut can find something: the system's calls that flush, made to do nothing. They stand in for the C library's in the
// whole program, SQLite included.
#pragma once

#include <string_view>

namespace powercut {

// Names of calls, separated by commas: "fsync", "fdatasync", "syncfs". They return 0 from now on.
void leave_out(std::string_view calls);

}  // namespace powercut
