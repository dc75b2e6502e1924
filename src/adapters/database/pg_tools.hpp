// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's own pg_dump and pg_restore. The password travels in the environment, never in argv; database names are quoted, so that
// none of them can be taken for an option or an address. The tools die with us.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

// How the tools reach the server: as PgConnection::environment gives it.
struct PgReach {
    std::map<std::string, std::string> environment;
    std::string user;                  // OS user to run as; empty: as we are
    std::vector<std::string> secrets;  // masked in errors
};

class PgTools {
   public:
    // `bin`: the only folder to look in; empty: PATH, then /usr/lib/postgresql/*/bin. The tools' major version is the server's, or the
    // next newer that there is. Code::not_found: none is new enough.
    static Result<PgTools> find(const std::string& bin, int server_version, const PgReach& reach);

    // Custom format into `fd` (a regular file, so that the archive knows its offsets). `snapshot`: an exported one.
    Result<> dump(const PgReach& reach, const std::string& database, const std::string& snapshot, int fd) const;
    // Schema as SQL. `snapshot` may be empty.
    Result<std::string> schema(const PgReach& reach, const std::string& database, const std::string& snapshot) const;
    // Into an empty database; stops at the first error. `fd` is reopened by the tool: its user must be allowed to read it.
    Result<> restore(const PgReach& reach, const std::string& database, int fd) const;
    [[nodiscard]] const std::string& version() const { return version_; }  // "15.18"

   private:
    PgTools(os::Path folder, std::string version) : folder_(std::move(folder)), version_(std::move(version)) {}
    os::Path folder_;
    std::string version_;
};

}  // namespace uprev
