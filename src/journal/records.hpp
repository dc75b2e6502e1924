// SPDX-License-Identifier: Apache-2.0
// The rows of the journal as values. Times are milliseconds since the Unix epoch, UTC; 0 means not yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include "base/json.hpp"
#include "base/result.hpp"

namespace uprev {

enum class Direction { forward, back };
enum class OperationResult { none, succeeded, degraded, undone, abandoned, refused, needs_operator };
enum class StepStatus { pending, doing, done, failed, skipped, undoing, undone };
enum class GenerationState { candidate, good, degraded, failed, superseded };

std::string_view word(Direction direction);
std::string_view word(OperationResult result);
std::string_view word(StepStatus status);
std::string_view word(GenerationState state);
OperationResult operation_result(std::string_view word);
StepStatus step_status(std::string_view word);
GenerationState generation_state(std::string_view word);

struct Operation {
    std::string id;
    std::string kind;  // upgrade | rollback | restore | snapshot | adopt | gc
    std::string from;  // version
    std::string to;
    Direction direction = Direction::forward;
    OperationResult result = OperationResult::none;  // none: not finished
    std::int64_t created_ms = 0;
    std::int64_t ended_ms = 0;
    std::string started_by;  // OS user; SUDO_USER where there is one
    std::string uprev_version;
    std::string machine;
    Json request;        // flags of the command
    Json plan;           // null until frozen
    Json pinned;         // effective configuration, facts and folders
    Json verdict;        // how going back treats the databases; null until decided
    Json report;         // null until finished
    std::string worker;  // ProcessIdentity as JSON
};

struct StepRecord {
    std::string id;
    StepStatus status = StepStatus::pending;
    int attempts = 0;
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    Json outputs;  // what later steps and undo need; never a secret
    Json error;    // {code, message, hint} or null
};

struct StepEnd {
    std::string id;
    StepStatus status = StepStatus::done;
    Json outputs;  // null: keep what was there
    Json error;
};

struct Generation {
    std::int64_t number = -1;
    std::string version;
    std::string folder;
    std::string operation;
    GenerationState state = GenerationState::candidate;
    std::int64_t at_ms = 0;
    Json plugins;  // {name: version}
    Json details;  // snapshot set, migrations run, release and site as pinned
};

struct FailedVersion {
    std::string version;
    std::string reason;
    std::string operation;
    std::int64_t at_ms = 0;
};

struct Setting {
    std::string value;
    std::string by;
    std::int64_t at_ms = 0;
};

struct SnapshotSet {
    std::string id;
    std::string operation;
    std::string version;  // of the application when it was taken
    std::int64_t at_ms = 0;
    Json snapshots;  // array of Snapshot as JSON
};

}  // namespace uprev
