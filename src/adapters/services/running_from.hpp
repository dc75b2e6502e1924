// SPDX-License-Identifier: Apache-2.0
// Where processes really are, whatever their manager believes.
#pragma once

#include <optional>

#include "os/clock.hpp"
#include "os/filesystem.hpp"

namespace uprev {

os::Path running_from(int pid);  // /proc/PID/cwd, resolved; empty: no such process, or not ours to see
bool alive(int pid);             // exists and is no zombie
// How long it has been running, at `now` of a clock's steady time; nothing when it isn't.
std::optional<os::Milliseconds> age_of(int pid, os::Milliseconds now);
bool within(const os::Path& path, const os::Path& folder);  // the folder itself or below it, by spelling
os::Path resolved(const os::Path& path);                    // symlinks followed as far as the path exists

}  // namespace uprev
