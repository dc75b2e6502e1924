// SPDX-License-Identifier: Apache-2.0
// Probes over HTTP, TCP and commands. An answer is never an error: what went wrong is `seen`, in words for the operator.
// Health addresses are the operator's own, so plain http and private addresses are allowed here; redirects are not followed.
#pragma once

#include <memory>

#include "adapters/services/spec_command.hpp"
#include "os/http.hpp"
#include "os/process.hpp"
#include "ports/probe.hpp"

namespace uprev {

// `around`: who runs command probes and where. Both references outlive the probe, which may be asked from several threads at once.
std::unique_ptr<Probe> make_probe(os::Http& http, os::Processes& processes, Surroundings around = {});

}  // namespace uprev
