// SPDX-License-Identifier: Apache-2.0
// Notifiers as the site file names them: a webhook (the report as JSON, by POST) or a command (the report on its standard input).
// Reports whose result the site didn't ask for are passed over.
#pragma once

#include <memory>

#include "os/http.hpp"
#include "os/process.hpp"
#include "ports/notifier.hpp"
#include "release/site_file.hpp"

namespace uprev {

// `http` and `processes` must outlive the notifier. An unknown kind is an error of tell(), Code::invalid.
std::unique_ptr<Notifier> make_notifier(const NotifierSpec& spec, os::Http& http, os::Processes& processes);

std::unique_ptr<Notifier> make_webhook_notifier(const NotifierSpec& spec, os::Http& http);
std::unique_ptr<Notifier> make_command_notifier(const NotifierSpec& spec, os::Processes& processes);

}  // namespace uprev
