// SPDX-License-Identifier: Apache-2.0
// The real operating system behind the interfaces of this folder.
#pragma once

#include <memory>
#include <string>

#include "os/clock.hpp"
#include "os/filesystem.hpp"
#include "os/http.hpp"
#include "os/process.hpp"

namespace uprev::os {

// Below `beneath` (the installation's root; may be empty) writes by root go through openat2(RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS).
std::unique_ptr<FileSystem> make_filesystem(Path beneath = {});
// `shim`: the uprev-shim executable; empty: beside /proc/self/exe, then ../libexec/uprev/. `lock_fd`: inherited by each shim; -1: none.
std::unique_ptr<Processes> make_processes(Path shim = {}, int lock_fd = -1);
std::unique_ptr<Http> make_http();

}  // namespace uprev::os
