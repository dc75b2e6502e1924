// SPDX-License-Identifier: Apache-2.0
// What the parts of Journal share: the open file, the clock, one mutex, and `commit`, through which every change goes.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "journal/database_file.hpp"
#include "journal/journal.hpp"

namespace uprev {

struct Journal::State {
    DatabaseFile db;
    Options options;
    mutable std::mutex mutex;

    State(DatabaseFile file, Options o) : db(std::move(file)), options(std::move(o)) {}

    std::int64_t now() const { return options.clock->wall_ms(); }

    // One transaction: BEGIN IMMEDIATE, `change`, COMMIT; rolled back on error.
    Result<> commit(std::string_view what, const std::function<Result<>(DatabaseFile&)>& change) {
        const std::lock_guard guard(mutex);
        if (options.gate) TRY_VOID(options.gate(what, true));
        TRY_VOID(db.execute("BEGIN IMMEDIATE"));
        auto done = change(db);
        if (done) done = db.execute("COMMIT");
        if (!done) {
            (void)db.execute("ROLLBACK").has_value();
            return std::move(done).within("writing to the journal: " + std::string(what));
        }
        if (options.gate) TRY_VOID(options.gate(what, false));
        return {};
    }
};

inline std::string dump(const Json& json) {
    return json.is_null() ? std::string() : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
inline Json load(const std::string& text) { return text.empty() ? Json() : Json::parse(text, nullptr, false); }

// Runs a statement that yields no rows.
inline Result<> run(Statement& statement) {
    TRY(statement.row());
    return {};
}

// The same for an UPDATE of one row, which must be there.
inline Result<> run_on_one(Statement& statement, const DatabaseFile& db, const std::string& what) {
    TRY_VOID(run(statement));
    if (db.changed() == 1) return {};
    return fail(Code::bug, "the journal has no " + what, "report this, with the output of 'uprev doctor'");
}

}  // namespace uprev
