// SPDX-License-Identifier: Apache-2.0
// One question to PM2's daemon over its own socket (PM2_HOME/rpc.sock), as `pm2` itself asks it, without the third of a second of
// processor time that starting `pm2` takes. The protocol is axon's request over AMP: a byte (version 1 in the high half, number of
// arguments in the low), then each argument after its length in four bytes, big end first; "j:" begins JSON, "s:" a string.
// An answer may hold every environment variable of every app, so errors never quote it.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "release/release_file.hpp"

namespace uprev {

// What the daemon's `method` gives. Code::timeout: nobody answered in time; any other error: ask through `pm2` instead.
Result<Json> pm2_ask(const os::Path& socket, std::string_view method, Millis limit);

// Bytes of a question, and the JSON in an answer's bytes. For tests.
std::string pm2_question(std::string_view method);
Result<Json> pm2_answer(std::string_view bytes);

}  // namespace uprev
