// SPDX-License-Identifier: Apache-2.0
#include "os/late_library.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace uprev::os {

Result<> load_library(const std::string& name) {
    if (::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL) != nullptr) return {};
    const char* why = ::dlerror();
    return fail(Code::unavailable, "cannot load the library " + name + (why == nullptr ? std::string() : std::string(": ") + why),
                "install the package that brings it, or uprev again");
}

void* late_address(const char* library, const char* function) {
    void* loaded = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);  // the same one each time, counted
    void* address = loaded == nullptr ? nullptr : ::dlsym(loaded, function);
    if (address != nullptr) return address;
    const char* why = ::dlerror();
    std::fprintf(stderr, "error: cannot load %s from %s: %s\nnext:  install the package that brings it, or uprev again\n",
                 function, library, why == nullptr ? "it is missing" : why);
    std::_Exit(70);
}

}  // namespace uprev::os
