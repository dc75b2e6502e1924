// SPDX-License-Identifier: Apache-2.0
// A copy of a database beside it, restored from a dump: the proof of a snapshot, and what a restore swaps in.
// A copy is empty or wrong until `fill` held; its name tells whose it is, so that a crash leaves nothing that can't be found and dropped.
#pragma once

#include <string>

#include "adapters/database/dump_file.hpp"
#include "adapters/database/pg_connection.hpp"
#include "adapters/database/pg_content.hpp"
#include "adapters/database/pg_tools.hpp"

namespace uprev {

Result<bool> pg_exists(PgConnection& admin, const std::string& database);
Result<> pg_drop(PgConnection& admin, const std::string& database);

// An empty database with the owner, encoding, locale and tablespace of `original`; an older one of that name is dropped.
Result<> pg_create_like(PgConnection& admin, const std::string& original, const std::string& copy);

// Restores `dump` into the empty `copy`, with the rights of `reach`.
Result<> pg_fill(const PgTools& tools, const PgReach& reach, const std::string& copy, DumpFile& dump);

// Connection limit, grants, settings (ALTER DATABASE … SET, also those of single roles) and comment of `original` for `copy`.
Result<> pg_adopt_settings(PgConnection& admin, const std::string& original, const std::string& copy);

}  // namespace uprev
