// SPDX-License-Identifier: Apache-2.0
// uprev logs: what the commands of an operation's steps printed, with secrets masked when it was written.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>

#include "base/units.hpp"
#include "commands/exclusive.hpp"
#include "commands/operation_logs.hpp"
#include "commands/rows.hpp"
#include "os/lock.hpp"

namespace uprev::commands {

namespace {
struct Request {
    std::string step;
    std::string operation;
    bool follow = false;
};

Result<Operation> chosen(Journal& journal, const std::string& id) {
    if (!id.empty()) return journal.operation(id);
    auto newest = TRY(journal.operations(1));
    if (newest.empty()) return fail(Code::not_found, "no operation has run yet", "see 'uprev history'");
    return std::move(newest.front());
}

std::string from(const os::Path& file, std::uint64_t offset) {
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Result<Reply> list(const Operation& operation, const std::vector<StepLog>& logs, Journal& journal) {
    std::map<std::string, std::string> status;
    for (const auto& s : TRY(journal.steps(operation.id))) status[s.id] = word(s.status);
    Json rows = Json::array();
    std::string text = fmt::format("{} {} ({})\n", operation.kind, operation.to, operation.id);
    for (const auto& log : logs) {
        rows.push_back({{"step", log.step},
                        {"part", log.part},
                        {"name", log.name()},
                        {"status", status[log.step]},
                        {"bytes", log.bytes},
                        {"file", log.file.string()}});
        text += fmt::format("  {:<44} {:>10}  {}\n", log.name(), human_size(log.bytes), status[log.step]);
    }
    if (logs.empty())
        text += "  no step ran a command\n";
    else
        text += "\nnext: uprev logs STEP\n";
    return Reply{{{"operation", operation.id}, {"kind", operation.kind}, {"to", operation.to}, {"logs", rows}}, text, 0};
}

Reply show(const Operation& operation, const std::vector<StepLog>& logs) {
    Json rows = Json::array();
    std::string text;
    for (const auto& log : logs) {
        const auto output = from(log.file, 0);
        rows.push_back({{"step", log.step}, {"part", log.part}, {"name", log.name()}, {"bytes", log.bytes}, {"output", output}});
        if (logs.size() > 1) text += (text.empty() ? "==> " : "\n==> ") + log.name() + " <==\n";
        text += output;
        if (!text.empty() && text.back() != '\n') text += "\n";
    }
    return {{{"operation", operation.id}, {"logs", rows}}, text, 0};
}

// Prints what is added, until nothing more can come.
class Follower {
   public:
    Follower(const Globals& globals, Session& session, Journal& journal, Operation operation, std::string step)
        : quiet_(globals.json), session_(session), journal_(journal), operation_(std::move(operation)), step_(std::move(step)) {}

    Result<Reply> run() {
        for (;;) {
            const bool last = TRY(ended());
            TRY_VOID(print_more());
            if (last) break;
            session_.clock().sleep(std::chrono::milliseconds(100));
        }
        if (!quiet_) return Reply{};
        return show(operation_, TRY(logs()));
    }

   private:
    // Of a step, its own end; of an operation, its own or its worker's.
    Result<bool> ended() {
        const auto left = TRY(journal_.unfinished());
        if (!left || left->id != operation_.id || !os::Lock::holder(session_.state() / "lock")) return true;
        if (step_.empty()) return false;
        bool begun = false;
        for (const auto& s : TRY(journal_.steps(operation_.id))) {
            if (!s.id.starts_with(step_.substr(0, step_.find('/')))) continue;
            begun = true;
            if (s.status == StepStatus::doing || s.status == StepStatus::undoing) return false;
        }
        return begun;
    }

    Result<std::vector<StepLog>> logs() {
        auto all = TRY(find_logs(session_.fs(), session_.state() / "ops" / operation_.id));
        if (step_.empty()) return all;
        auto some = choose_logs(all, step_);
        if (!some && some.error().code == Code::not_found) return std::vector<StepLog>();  // may still come
        return some;
    }

    Result<> print_more() {
        for (const auto& log : TRY(logs())) {
            auto& shown = shown_[log.name()];
            if (quiet_ || log.bytes <= shown) continue;
            const auto more = from(log.file, shown);
            shown += more.size();
            if (last_ != log.name()) fmt::print("{}==> {} <==\n", last_.empty() ? "" : "\n", log.name());
            last_ = log.name();
            fmt::print("{}", more);
        }
        std::fflush(stdout);
        return {};
    }

    bool quiet_;
    Session& session_;
    Journal& journal_;
    Operation operation_;
    std::string step_;
    std::string last_;
    std::map<std::string, std::uint64_t> shown_;
};

Result<Reply> run(const Globals& globals, const Request& r) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    auto* journal = TRY(session->journal());
    const auto operation = TRY(chosen(*journal, r.operation));
    if (r.follow) return Follower(globals, *session, *journal, operation, r.step).run();
    const auto all = TRY(find_logs(session->fs(), session->state() / "ops" / operation.id));
    if (r.step.empty()) return list(operation, all, *journal);
    return show(operation, TRY(choose_logs(all, r.step)));
}
}  // namespace

CommandRow logs() {
    return {"logs", "what the commands of an operation printed",
            "Lists the logs of the newest operation, or prints one step's. The beginning of a step's name is enough. Secrets "
            "were masked when it was written.\n\n"
            "  uprev logs\n"
            "  uprev logs prepare.build\n"
            "  uprev logs --follow           everything, until the operation ends",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<Request>();
                app.add_option("step", r->step, "a step, or STEP/PART; without it all logs are listed")->type_name("STEP");
                app.add_option("--operation", r->operation, "of this operation (default: the newest)")->type_name("OPERATION");
                app.add_flag("--follow,-f", r->follow, "go on printing until the step or the operation ends");
                return [r](const Globals& globals) { return run(globals, *r); };
            }};
}

}  // namespace uprev::commands
