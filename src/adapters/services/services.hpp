// SPDX-License-Identifier: Apache-2.0
// The service managers uprev drives: PM2, and `command` for everything that has start, stop and status commands of its own.
// An empty list of names means all services of the installation. References outlive what is made.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "os/clock.hpp"
#include "os/filesystem.hpp"
#include "os/process.hpp"
#include "ports/services.hpp"
#include "release/site_file.hpp"

namespace uprev {

// Code::invalid: an app name that PM2 would read as something else ("all", a number, "/…/"), or no app at all.
Result<std::unique_ptr<Services>> make_pm2_services(const SiteFile& site, const std::vector<ServiceSpec>& specs,
                                                    os::FileSystem& files, os::Processes& processes, os::Clock& clock);

// Code::invalid: a service without start, stop or status.
Result<std::unique_ptr<Services>> make_command_services(const SiteFile& site, const std::vector<ServiceSpec>& specs,
                                                        os::Processes& processes, os::Clock& clock);

}  // namespace uprev
