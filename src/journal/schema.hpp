// SPDX-License-Identifier: Apache-2.0
// The journal's tables at this program's state version, and the way there from every older one. Format: docs/journal-format.md.
#pragma once

#include "journal/database_file.hpp"

namespace uprev {

inline constexpr int state_version = 2;

Result<int> version_of(const DatabaseFile& db);

// In an empty file. Code::corrupt: it holds tables already, so it is some other database.
Result<> create_schema(DatabaseFile& db);

// One transaction, in which `keep_copy` is given the file's bytes as they were, and its version, before anything is changed.
// Another process may have been faster: then nothing is done.
using KeepCopy = std::function<Result<>(const std::string& bytes, int version)>;
Result<> migrate(DatabaseFile& db, const KeepCopy& keep_copy);

}  // namespace uprev
