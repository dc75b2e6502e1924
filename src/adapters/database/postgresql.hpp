// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: snapshots by pg_dump in one exported snapshot and proven by restoring them aside; fence and restore by renaming.
// What a crash must not lose (that a database is fenced, restored, kept) is in the names of databases alone; see pg_names.hpp.
// Code inside a restored schema (check constraints, generated columns) runs with the rights of the role that the address names:
// prefer the database's owner with CREATEDB to a superuser.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "os/process.hpp"
#include "ports/database.hpp"
#include "release/site_file.hpp"

namespace uprev {

// The address is resolved here: Code::invalid when there is none. The tools run through os::capture, so that they die with us: a
// dump that outlived uprev would hold locks that nobody waits for. `processes` is not needed.
Result<std::unique_ptr<Database>> make_postgresql(const DatabaseSpec& spec, const SiteFile& site, os::Processes& processes);

}  // namespace uprev
