// SPDX-License-Identifier: Apache-2.0
// uprev-bench-steps FOLDER [--rounds N] [--commands N] [--parallel N] [--engine-only]
// Trivial commands through the real engine (journal, shim, step table and the worker's event log, all in FOLDER) against bash, in turn.
// Only the loop over the steps is timed: the plan is frozen before, the report is made after. One JSON object per round on standard
// output: milliseconds of `engine`, of `bash` (bash -e over the same commands) and of `synced` (the same, with a file made durable by
// sync(1)'s system call after each).
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/run.hpp"
#include "operations/events.hpp"
#include "os/linux.hpp"
#include "steps/steps.hpp"

namespace uprev {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* trivial = "/bin/true";

struct Options {
    os::Path folder;
    int rounds = 1;
    int commands = 20;
    std::uint32_t parallel = 1;
    bool engine_only = false;
};

double since(Clock::time_point began) { return std::chrono::duration<double, std::milli>(Clock::now() - began).count(); }

// A frozen operation whose steps are builds that do nothing.
Operation operation_of(const Options& options, const os::Path& folder, const std::string& id) {
    Plan plan;
    plan.kind = "upgrade";
    Pinned pinned;
    pinned.site.id = "bench";
    pinned.site.root = folder.string();
    pinned.site.parallel = options.parallel;
    pinned.folder = folder;
    pinned.work = folder / "ops" / id;
    for (int i = 0; i < options.commands; ++i) {
        BuildSpec build;
        build.name = std::to_string(i);
        build.command.argv = {trivial};
        PlannedStep step;
        step.id = "prepare.build." + build.name;
        step.kind = "prepare.build";
        step.phase = Phase::prepare;
        step.title = "build " + build.name;
        step.parallel = true;
        step.args = {{"name", build.name}};
        plan.steps.push_back(std::move(step));
        pinned.release.builds.push_back(std::move(build));
    }
    Operation operation;
    operation.id = id;
    operation.kind = plan.kind;
    operation.plan = to_json(plan);
    operation.pinned = to_json(pinned);
    return operation;
}

class Rival {
   public:
    Rival(const Options& options, bool synced) : script_(options.folder / (synced ? "synced.sh" : "plain.sh")) {
        const auto file = (options.folder / "done").string();
        std::ofstream out(script_);
        for (int i = 0; i < options.commands; ++i) {
            out << trivial << '\n';
            if (synced) out << "echo " << i << " >>" << file << "; sync -d " << file << '\n';
        }
    }
    Result<double> run() const {
        const auto began = Clock::now();
        const char* argv[] = {"bash", "-e", script_.c_str(), nullptr};
        pid_t pid = 0;
        int status = 0;
        if (posix_spawnp(&pid, argv[0], nullptr, nullptr, const_cast<char**>(argv), environ) != 0)
            return fail(Code::failed, "cannot start bash");
        waitpid(pid, &status, 0);
        if (status != 0) return fail(Code::failed, "bash failed");
        return since(began);
    }

   private:
    std::string script_;
};

class Ours {
   public:
    static Result<std::unique_ptr<Ours>> open(const Options& options) {
        auto out = std::unique_ptr<Ours>(new Ours(options));
        Journal::Options settings;
        settings.clock = &out->clock_;
        out->journal_ = TRY(Journal::open(options.folder / "journal.db", std::move(settings)));
        out->files_ = os::make_filesystem();
        out->processes_ = os::make_processes();
        out->ports_.fs = out->files_.get();
        out->ports_.processes = out->processes_.get();
        out->ports_.clock = &out->clock_;
        return out;
    }

    Result<double> run(int round) {
        const auto id = "round" + std::to_string(round);
        const auto operation = operation_of(options_, options_.folder, id);
        std::filesystem::create_directories(options_.folder / "ops" / id);
        TRY_VOID(journal_->create(operation));
        TRY_VOID(journal_->freeze(id, operation.plan, operation.pinned, "", ""));
        EventWriter events(options_.folder / "ops" / id / "events.log", clock_);
        EngineHooks hooks;
        hooks.event = [&](const StepEvent& e) {
            events.tell("step", {{"step", e.step->id}, {"title", e.step->title}, {"status", word(e.status)}});
        };
        Engine engine(step_table(), *journal_, ports_);
        const auto began = Clock::now();
        const auto outcome = TRY(engine.run(operation, hooks));
        const auto took = since(began);
        if (outcome.result != OperationResult::succeeded)
            return fail(Code::failed, "the operation failed: " + outcome.error.text());
        TRY_VOID(journal_->finish(id, outcome.result, Json::object()));
        return took;
    }

   private:
    explicit Ours(const Options& options) : options_(options) {}
    const Options& options_;
    os::SystemClock clock_;
    std::optional<Journal> journal_;
    std::unique_ptr<os::FileSystem> files_;
    std::unique_ptr<os::Processes> processes_;
    Ports ports_;
};

Result<Options> options_of(const std::vector<std::string>& words) {
    Options out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto number = [&] { return i + 1 < words.size() ? std::atoi(words[++i].c_str()) : 0; };
        if (words[i] == "--rounds")
            out.rounds = number();
        else if (words[i] == "--commands")
            out.commands = number();
        else if (words[i] == "--parallel")
            out.parallel = static_cast<std::uint32_t>(number());
        else if (words[i] == "--engine-only")
            out.engine_only = true;
        else
            out.folder = std::filesystem::absolute(words[i]);
    }
    if (out.folder.empty())
        return fail(Code::invalid, "usage: uprev-bench-steps FOLDER [--rounds N] [--commands N] [--parallel N] [--engine-only]");
    return out;
}

Result<> measure(const Options& options) {
    auto ours = TRY(Ours::open(options));
    const Rival plain(options, false);
    const Rival synced(options, true);
    for (int round = 0; round < options.rounds; ++round) {
        Json row;
        row["engine"] = TRY(ours->run(round));
        if (!options.engine_only) {
            row["bash"] = TRY(plain.run());
            row["synced"] = TRY(synced.run());
        }
        std::cout << row.dump() << std::endl;
    }
    return {};
}

}  // namespace
}  // namespace uprev

int main(int argc, char** argv) {
    const auto options = uprev::options_of({argv + 1, argv + argc});
    const auto done = options ? uprev::measure(*options) : uprev::Result<>(options.error());
    if (done) return 0;
    std::cerr << "error: " << done.error().text() << '\n';
    return 1;
}
