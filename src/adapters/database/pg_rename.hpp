// SPDX-License-Identifier: Apache-2.0
// Renames databases that are in use: ends their sessions and renames all of them in one transaction, so that no crash lies between.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/database/pg_connection.hpp"

namespace uprev {

using PgOpen = std::function<Result<PgConnection>()>;  // opens a session with a maintenance database

// `renamer`: the session that claimed the database (PgServer::claim); its statements are the only ones that must not outlive us.
// `databases`: those whose sessions are ended. `statements`: run as one transaction, ALTER DATABASE … RENAME among them.
// Code::conflict: a session could not be ended. Code::permission: the role may not rename.
Result<> pg_rename(PgConnection& renamer, const PgOpen& open, const std::vector<std::string>& databases,
                   const std::string& statements);

}  // namespace uprev
