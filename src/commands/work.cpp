// SPDX-License-Identifier: Apache-2.0
// uprev work OP: the worker of one operation. Started by the other commands, not by people.
#include <CLI/CLI.hpp>
#include <memory>

#include "commands/rows.hpp"
#include "operations/run.hpp"
#include "os/worker.hpp"

namespace uprev::commands {

CommandRow work() {
    return {"work", "run one operation (started by other commands)",
            "The process that carries an operation out. It outlives the terminal it was asked from.",
            [](CLI::App& app) -> Action {
                auto operation = std::make_shared<std::string>();
                auto request = std::make_shared<std::string>();
                app.add_option("operation", *operation)->required();
                app.add_option("--request", *request)->required();
                return [operation, request](const Globals& globals) -> Result<Reply> {
                    os::StopRequest stop;
                    WorkOptions options;
                    options.operation = *operation;
                    options.request = TRY(request_from_json(TRY(parse_json(*request, "--request"))));
                    options.stop_asked = [&] { return stop.asked(); };
                    uprev::work({globals.site, globals.state}, options);
                    return Reply{{}, "", 0};
                };
            },
            true};
}

}  // namespace uprev::commands
