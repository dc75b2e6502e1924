// SPDX-License-Identifier: Apache-2.0
#include "commands/operate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/exit_codes.hpp"
#include "commands/progress.hpp"
#include "operations/events.hpp"
#include "operations/report.hpp"
#include "operations/run.hpp"
#include "operations/session.hpp"
#include "os/worker.hpp"

namespace uprev {

namespace {
constexpr auto poll = std::chrono::milliseconds(20);

Result<Json> watch(const Globals& globals, Session& session, const std::string& operation, int pid) {
    const auto folder = session.state() / "ops" / operation;
    EventReader events(folder / "events.log");
    Progress progress(globals.terminal && !globals.json, globals.json);
    os::StopRequest stop;
    int told = 0;
    for (;;) {
        const auto ended = os::worker_ended(pid);
        for (const auto& event : events.more()) progress.show(event);
        progress.tick();
        if (ended) break;
        if (stop.times() > told) {
            told = stop.times();
            if (told == 1) os::ask_worker_to_stop(pid);
            progress.line(told == 1 ? "stopping: nothing new is started, then it goes back (Ctrl-C again stops watching only)"
                                    : "no longer watching; see 'uprev status'");
            if (told > 1)
                return fail(Code::interrupted, "no longer watching operation " + operation + ", which goes on",
                            "see 'uprev status' and 'uprev logs --follow'");
        }
        session.clock().sleep(poll);
    }
    progress.end();
    auto text = session.fs().read(folder / "result.json");
    if (text) return parse_json(*text, "the worker's report");
    return fail(Code::interrupted, "the worker of operation " + operation + " died",
                "run 'uprev resume': it recovers what was begun (its output: " + (folder / "worker.log").string() + ")");
}

int exit_of(const Json& report) {
    const auto result = report.value("result", "");
    if (result == "refused" || result.empty()) {
        const auto& error = report.contains("error") ? report["error"] : Json();
        return exit_code(code_from_name(error.is_object() ? error.value("code", "refused") : "refused"));
    }
    return exit_code_of_result(result);
}

std::string text_of(const Json& report) {
    if (report.value("nothing_to_do", false)) return report.value("message", "") + "\n";
    if (!report.value("result", "").empty()) return report_text(report);
    const auto& error = report["error"];
    return fmt::format("error: {}\n{}", error.value("message", ""),
                       error.value("hint", "").empty() ? "" : "next:  " + error.value("hint", "") + "\n");
}

Result<Json> one(const Globals& globals, const SitePlace& place, const OperationRequest& request) {
    auto session = TRY(Session::open(place, Session::Mode::write));
    const auto operation = new_operation_id(session->clock().wall_ms(), request.kind);
    const auto folder = session->state() / "ops" / operation;
    TRY_VOID(session->fs().make_folders(folder, 0700));
    const int pid = TRY(os::start_worker({os::own_executable().string(), "--site", place.site_file, "--state", place.state_base,
                                          "work", operation, "--request", to_json(request).dump()},
                                         folder / "worker.log"));
    return watch(globals, *session, operation, pid);
}
}  // namespace

Result<Reply> operate(const Globals& globals, const OperationRequest& request) {
    const SitePlace place{TRY(find_site_file(globals.site)), find_state_base(globals.state)};
    auto report = TRY(one(globals, place, request));
    // Required stops: each is an operation of its own, and the next one starts only after a success.
    while (report.value("result", "") == "succeeded" && !report.value("remaining", Json::array()).empty()) {
        if (!globals.json) fmt::print("{}", text_of(report));
        auto next = request;
        next.plan_hash.clear();
        next.to = report["remaining"].back().get<std::string>();
        report = TRY(one(globals, place, next));
    }
    return Reply{report, text_of(report), exit_of(report)};
}

}  // namespace uprev
