// SPDX-License-Identifier: Apache-2.0
// The application that uprev upgrades inside the guest: it writes a row, promises it, and writes the next, all the time; its health is
// a file that busybox's httpd serves. Shares no code with uprev but the words of the promises.
#pragma once

#include <filesystem>
#include <string>

#include "observe.hpp"

namespace powercut {

// Serves from the release folder until it is killed. Ends at once when it can't work on the schema that it finds.
int serve(const std::filesystem::path& release, const std::filesystem::path& database, const std::filesystem::path& health,
          Promises& promises);
// Brings the schema to `wanted`, in one transaction.
int migrate(const std::filesystem::path& database, int wanted);
// Makes the files of the release and the database for the first time.
void write_release(const std::filesystem::path& folder, std::uint64_t number);
// The pointer, its release, the rows and the schema.
Observed look(const std::filesystem::path& root);

}  // namespace powercut
