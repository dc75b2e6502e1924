// SPDX-License-Identifier: Apache-2.0
// A step kind is a row in a table: perform, observe, undo, and a class that says what a crash means.
// Every perform and undo may be called again after a crash with the same step and must then finish or confirm what it began.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/records.hpp"
#include "os/clock.hpp"
#include "os/filesystem.hpp"
#include "os/http.hpp"
#include "os/process.hpp"
#include "plan/facts.hpp"
#include "plan/step.hpp"
#include "ports/database.hpp"
#include "ports/dependencies.hpp"
#include "ports/layout.hpp"
#include "ports/notifier.hpp"
#include "ports/probe.hpp"
#include "ports/services.hpp"
#include "ports/source.hpp"
#include "ports/unpacker.hpp"
#include "ports/verifier.hpp"

namespace uprev {

class Journal;

// Everything an operation may act on. Owned by the caller for as long as the operation runs.
struct Ports {
    os::FileSystem* fs = nullptr;
    os::Processes* processes = nullptr;
    os::Clock* clock = nullptr;
    Source* source = nullptr;
    std::vector<Verifier*> verifiers;
    Unpacker* unpacker = nullptr;
    Layout* layout = nullptr;
    std::map<std::string, Database*> databases;
    Services* services = nullptr;
    Probe* probe = nullptr;
    std::vector<Dependencies*> dependencies;
    std::function<std::vector<int>(const os::Path&)> in_use;  // processes that run from, or hold files below, a folder
    os::Path manifests;                                       // <state>/manifests: what sealed release folders hold
};

// What an operation is about, pinned in the journal when its plan is frozen, and read back by recovery.
struct Pinned {
    SiteFile site;
    ReleaseFile release;      // effective, of the release we go to
    ReleaseFile old_release;  // effective, of the one we come from
    std::string mark;         // [0-9a-z]{1,24}: names what this operation leaves behind
    os::Path old_folder;
    os::Path folder;    // releases/<timestamp>_v<version>
    os::Path staging;   // releases/.staging.<mark>
    os::Path artifact;  // the verified tarball
    std::string sha256;
    os::Path work;       // <state>/ops/<operation>
    os::Path snapshots;  // <state>/snapshots
    Target target;
};
Json to_json(const Pinned& pinned);
Result<Pinned> pinned_from_json(const Json& json);

class StepContext {
   public:
    const Pinned& pinned;
    const Plan& plan;
    Ports& ports;
    Journal& journal;
    std::string operation;
    Json verdict;                                             // set when going back
    std::function<bool()> cancelled;                          // the operator asked to stop
    std::function<void(const std::string&)> say;              // one line of progress for this step
    std::function<Json(std::string_view step)> outputs;       // of an earlier step; null when it has none
    std::function<StepStatus(std::string_view step)> status;  // of any step
    int attempt = 1;

    // Runs a command of the release or site as the site's user, in `folder`; output under the step's record folder.
    // A command that fails is an Error (Code::failed) with the tail of its output.
    Result<os::Outcome> command(const PlannedStep& step, const CommandSpec& spec, const os::Path& folder,
                                const std::map<std::string, std::string>& more = {}, const std::vector<std::string>& secrets = {},
                                std::string_view part = {});
    [[nodiscard]] os::Path record(const PlannedStep& step, std::string_view part = {}) const;
    // Names what this very operation swaps. `pinned.mark` may be that of an earlier one, whose guard and fence it takes over.
    [[nodiscard]] std::string own_mark() const { return operation.substr(0, operation.find('-')); }
};

// The environment that the commands of a release get, and what in it must be masked.
struct CommandEnvironment {
    std::map<std::string, std::string> values;
    std::vector<std::string> secrets;
};
Result<CommandEnvironment> command_environment(const SiteFile& site, const os::Path& release_folder, const std::string& version);

enum class StepClass { repeatable, observed, once, best_effort };
enum class Observation { done, not_done, running, unknown };
std::string_view class_name(StepClass step_class);

struct StepKind {
    std::string_view name;
    int version;
    StepClass step_class;
    Result<Json> (*perform)(StepContext&, const PlannedStep&);
    Result<Observation> (*observe)(StepContext&, const PlannedStep&);  // null: perform again tells
    Result<> (*undo)(StepContext&, const PlannedStep&);                // null: nothing to undo
};

using StepTable = std::vector<StepKind>;
const StepKind* find_kind(const StepTable& table, std::string_view name);
// A step version that this uprev lacks can't be performed or undone by guesswork. `planned_by` is the uprev version that made the plan.
Result<> knows_all(const StepTable& table, const Plan& plan, const std::string& planned_by);

}  // namespace uprev
