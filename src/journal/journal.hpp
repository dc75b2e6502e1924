// SPDX-License-Identifier: Apache-2.0
// The record of an installation's operations: local SQLite, WAL, fully synchronous, one file per installation.
// Every change is one transaction and durable when the call returns. Intent is written before acting, outcome after; an outcome and
// the next intent share one commit, so a step costs one sync. Format: docs/journal-format.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "journal/records.hpp"
#include "os/clock.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class Journal {
   public:
    // Asked before (true) and after (false) every commit; an error before it stops the commit. For crash tests.
    using CommitGate = std::function<Result<>(std::string_view what, bool before)>;
    struct Options {
        bool read_only = false;
        CommitGate gate;
        std::string machine_id;            // a journal bound to another machine is Code::refused; empty: not checked
        const os::Clock* clock = nullptr;  // required
    };
    // Creates the file (0600) when missing; read-only that is Code::not_found. Newer state: Code::refused, and nothing is changed. Older state:
    // brought up to this program's, after a copy (<file>.v1); read-only in memory. Damage: Code::corrupt.
    static Result<Journal> open(const os::Path& file, Options options);
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();

    Result<> bind_machine(const std::string& machine_id);  // adopt
    Result<std::string> bound_machine() const;

    // Operations.
    Result<> create(const Operation& operation);  // Code::conflict: another one is unfinished
    Result<> set_worker(const std::string& operation, const std::string& worker_json);
    Result<> freeze(const std::string& operation, const Json& plan, const Json& pinned, const std::string& from,
                    const std::string& to);
    Result<> finish(const std::string& operation, OperationResult result, const Json& report);
    Result<Operation> operation(const std::string& id) const;
    Result<std::optional<Operation>> unfinished() const;
    Result<std::vector<Operation>> operations(std::size_t newest) const;  // newest first, without plan and pinned

    // Steps. `end` may begin the next ones in the same commit.
    // `as` is the intent: doing, or undoing. A step's attempts count its beginnings, but not those after a recorded failure: how often it
    // was cut off is what they tell.
    Result<> begin(const std::string& operation, const std::vector<std::string>& steps, StepStatus as = StepStatus::doing);
    Result<> end(const std::string& operation, const StepEnd& end, const std::vector<std::string>& next = {},
                 StepStatus as = StepStatus::doing);
    Result<> set_direction(const std::string& operation, Direction direction, const Json& verdict);
    Result<std::vector<StepRecord>> steps(const std::string& operation) const;

    // Generations.
    Result<std::int64_t> add_generation(const Generation& generation);  // its number
    Result<> set_generation(std::int64_t number, GenerationState state);
    Result<std::vector<Generation>> generations() const;          // newest first
    Result<std::optional<Generation>> active_generation() const;  // the newest that is good or degraded

    // Versions that failed here, not chosen again by themselves.
    Result<> mark_failed(const std::string& version, const std::string& reason, const std::string& operation);
    Result<> clear_failed(const std::string& version);
    Result<std::vector<FailedVersion>> failed_versions() const;

    // Settings made at run time; they take precedence over the site file.
    Result<> set_setting(const std::string& key, const std::string& value, const std::string& by);
    Result<std::optional<Setting>> setting(const std::string& key) const;

    Result<> add_snapshot_set(const SnapshotSet& set);       // one that is there already keeps its place
    Result<std::vector<SnapshotSet>> snapshot_sets() const;  // newest first, by the order in which they came, not by the clock
    Result<> forget_snapshot_set(const std::string& id);

   private:
    struct State;
    explicit Journal(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uprev
