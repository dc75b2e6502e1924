// SPDX-License-Identifier: Apache-2.0
// How going back treats the databases: the table "Rolling back" of the design, decided once when the direction changes and journaled with it.
#pragma once

#include "engine/step_kind.hpp"

namespace uprev {

enum class DataVerdict {
    untouched,             // no migration started: pointer back
    keep_schema,           // the old release reads the schema as it is now: pointer back, the schema stays
    restore,               // fenced from snapshot to now: the snapshot set is swapped in
    restore_if_unwritten,  // somebody could have written: restored only if the database shows that nobody did
    needs_operator,        // anything else
};
std::string_view word(DataVerdict verdict);
DataVerdict data_verdict(std::string_view word);

struct Verdict {
    DataVerdict data = DataVerdict::untouched;
    std::string reason;
};
Result<Verdict> decide(StepContext& context);
// Whether going back by it may cost writes, or a person's decision; so may a verdict that can't be come to.
bool may_cost(const Result<Verdict>& verdict);

// Whether `release` can serve on every database as it is now. unknown: it declares nothing, or a schema can't be told.
enum class Reads { yes, no, unknown };
Reads reads_now(const ReleaseFile& release, const std::map<std::string, Database*>& databases);
Reads reads(const ReleaseFile& release, const std::string& schema);

}  // namespace uprev
