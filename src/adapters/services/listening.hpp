// SPDX-License-Identifier: Apache-2.0
// Which process listens on which TCP port: a stale process that still holds a port answers in the place of the new one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "release/release_file.hpp"

namespace uprev {

// Ports that one of `pids` listens on, by the kernel's tables. Processes of other users can only be seen by root.
std::set<int> listened_ports(const std::vector<int>& pids);

// Ports that the health probes of a service ask on this machine.
std::set<int> health_ports(const ServiceSpec& service);

}  // namespace uprev
