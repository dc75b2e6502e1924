// SPDX-License-Identifier: Apache-2.0
// Every adapter, in one table per port. Makes those that a site file names and hands them out as Ports.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/step_kind.hpp"
#include "os/http.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct OsParts {
    os::FileSystem* fs = nullptr;
    os::Processes* processes = nullptr;
    os::Http* http = nullptr;
    os::Clock* clock = nullptr;
};

struct Adapters {
    std::unique_ptr<Source> source;
    std::vector<std::unique_ptr<Verifier>> verifiers;
    std::unique_ptr<Unpacker> unpacker;
    std::unique_ptr<Layout> layout;
    std::vector<std::pair<std::string, std::unique_ptr<Database>>> databases;
    std::unique_ptr<Services> services;
    std::unique_ptr<Probe> probe;
    std::vector<std::unique_ptr<Dependencies>> dependencies;
    Ports ports;
};

// `services`: of the releases concerned. Errors: Code::invalid for a kind that no adapter has.
Result<std::unique_ptr<Adapters>> make_adapters(const SiteFile& site, const std::vector<ServiceSpec>& services,
                                                const OsParts& os);

std::vector<std::string> adapter_names(std::string_view port);  // for docs and contract suites

}  // namespace uprev
