// SPDX-License-Identifier: Apache-2.0
// Which network addresses belong to the public internet (IANA's special-purpose registries, RFC 6890 and its updates).
// Everything that is not plainly public counts as private: loopback, link-local, private, shared, documentation, multicast, reserved.
#pragma once

#include <sys/socket.h>

#include <string>

namespace uprev::os {

bool is_public_address(const sockaddr& address);
std::string address_text(const sockaddr& address);  // "127.0.0.1", "fe80::1", "family 1"

}  // namespace uprev::os
