// SPDX-License-Identifier: Apache-2.0
// Shared libraries that are loaded at their first call, so that a command that doesn't need them (`uprev status`) starts without the
// forty others which they bring. UPREV_LATE defines a function of such a library in our executable, under its own name and type, so that
// callers include the library's header and know nothing of it. A worker loads what it will need before it begins: a library that is
// missing, or is replaced while an operation runs, must not be found out in the middle of one.
#pragma once

#include <string>

#include "base/result.hpp"

namespace uprev::os {

inline constexpr const char* curl_library = "libcurl.so.4";
inline constexpr const char* libpq_library = "libpq.so.5";
inline constexpr const char* archive_library = "libarchive.so.13";

// Loaded now, and kept. Code::unavailable when it can't be.
Result<> load_library(const std::string& name);

// The address of a function. Ends the program with a sentence when the library or the function is missing: nobody could go on.
void* late_address(const char* library, const char* function);

template <typename Function>
Function* late(const char* library, const char* function) {
    return reinterpret_cast<Function*>(late_address(library, function));
}

}  // namespace uprev::os

// UPREV_LATE(library, result type, name, (parameters), arguments…), inside extern "C".
#define UPREV_LATE(library, result, name, parameters, ...)                         \
    result name parameters {                                                       \
        static auto* const real = uprev::os::late<decltype(name)>(library, #name); \
        return real(__VA_ARGS__);                                                  \
    }
