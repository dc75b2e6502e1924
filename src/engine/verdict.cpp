// SPDX-License-Identifier: Apache-2.0
#include "engine/verdict.hpp"

#include <algorithm>
#include <array>

#include "engine/patience.hpp"
#include "plan/make_plan.hpp"

namespace uprev {

namespace {
constexpr std::array<std::string_view, 5> words{"untouched", "keep_schema", "restore", "restore_if_unwritten", "needs_operator"};

bool started(const StepContext& context, std::string_view step) {
    return context.plan.find(step) != nullptr && context.status(step) != StepStatus::pending;
}

struct Migrations {
    bool any = false;
    bool all_compatible = true;
};
Migrations started_migrations(const StepContext& context) {
    Migrations out;
    for (const auto& step : context.plan.steps) {
        if (step.kind != "migrate.run" || context.status(step.id) == StepStatus::pending) continue;
        out.any = true;
        out.all_compatible = out.all_compatible && step.args.value("compatible", false);
    }
    return out;
}

// Nobody could write since the fence went up: it stands by itself, or the guard kept the services down whatever happened.
bool kept_out(const StepContext& context) {
    if (context.status("guard.on") == StepStatus::done) return true;
    const auto& databases = context.ports.databases;
    return std::all_of(databases.begin(), databases.end(), [](const auto& one) { return one.second->fence_stands(); });
}

// Whether the old release declares that it reads each database's schema as it is now.
Result<bool> old_reads_now(StepContext& context) {
    const auto& old = context.pinned.old_release;
    for (const auto& [name, database] : context.ports.databases) {
        const auto facts = TRY(database->inspect());
        if (!reads_schema(old.reads_schema, old.schema, facts.schema)) return false;
    }
    return !context.ports.databases.empty();
}
}  // namespace

std::string_view word(DataVerdict verdict) { return words[static_cast<std::size_t>(verdict)]; }

DataVerdict data_verdict(std::string_view word) {
    const auto* found = std::find(words.begin(), words.end(), word);
    return found == words.end() ? DataVerdict::needs_operator : static_cast<DataVerdict>(found - words.begin());
}

Reads reads(const ReleaseFile& release, const std::string& schema) {
    if (schema.empty() || (release.schema.empty() && release.reads_schema.empty())) return Reads::unknown;
    return reads_schema(release.reads_schema, release.schema, schema) ? Reads::yes : Reads::no;
}

Reads reads_now(const ReleaseFile& release, const std::map<std::string, Database*>& databases) {
    auto all = Reads::yes;
    for (const auto& [name, database] : databases) {
        const auto facts = database->inspect();
        const auto one = facts ? reads(release, facts->schema) : Reads::unknown;
        if (one == Reads::no) return Reads::no;
        if (one == Reads::unknown) all = Reads::unknown;
    }
    return all;
}

bool may_cost(const Result<Verdict>& verdict) {
    return !verdict || verdict->data == DataVerdict::needs_operator || verdict->data == DataVerdict::restore_if_unwritten;
}

Result<Verdict> decide(StepContext& context) {
    const auto migrations = started_migrations(context);
    if (!migrations.any) return Verdict{DataVerdict::untouched, "no migration was started"};
    if (migrations.all_compatible)
        return Verdict{DataVerdict::keep_schema, "every migration that ran is declared compatible with the old release"};
    const bool snapshot = context.plan.find("snapshot.take") != nullptr && context.status("snapshot.take") == StepStatus::done;
    const bool frozen = context.plan.writes == Writes::frozen && snapshot;
    if (frozen && !started(context, "database.open") && !started(context, "services.start")) {
        if (kept_out(context)) return Verdict{DataVerdict::restore, "the databases were fenced from the snapshot until now"};
        return Verdict{DataVerdict::restore_if_unwritten, "nothing but the stopped services kept writers out"};
    }
    // A schema that changed back to, or never left, what the old release reads needs no restore; a half-applied one is judged by its version alone,
    // so it counts only when no migration is known to have stopped half-way.
    bool half = false;
    for (const auto& step : context.plan.steps)
        half = half || (step.kind == "migrate.run" && context.status(step.id) != StepStatus::pending &&
                        context.status(step.id) != StepStatus::done);
    if (!half) {
        const auto reads = old_reads_now(context);
        if (!reads && passes(reads.error())) return reads.error();
        if (reads && *reads)
            return Verdict{DataVerdict::keep_schema, "the old release declares that it reads the schema as it is now"};
    }
    if (frozen) return Verdict{DataVerdict::restore_if_unwritten, "the databases were opened to the new release for its gate"};
    return Verdict{DataVerdict::needs_operator,
                   "writers went on while a migration that isn't declared compatible changed the schema"};
}

}  // namespace uprev
