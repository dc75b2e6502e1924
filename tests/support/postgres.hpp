// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL server of a test's own: on a free loopback port and a private socket folder, as user postgres when we are root.
// It dies with the test program, however that ends. The first one on a machine takes a second (initdb), later ones 0.2 s.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev::tests {

class ScratchPostgres {
   public:
    static constexpr const char* password = "canary-superuser";  // of role postgres, over TCP; by socket the OS user is asked
    static Result<std::unique_ptr<ScratchPostgres>> start();
    ~ScratchPostgres();
    ScratchPostgres(const ScratchPostgres&) = delete;
    ScratchPostgres& operator=(const ScratchPostgres&) = delete;

    Result<> resume();  // after stop, on the same port
    void stop();        // fast: sessions are ended, nothing is lost

    [[nodiscard]] std::string url(const std::string& database, const std::string& role = "postgres",
                                  const std::string& secret = password) const;
    [[nodiscard]] std::string socket_url(const std::string& database, const std::string& role = "postgres") const;
    [[nodiscard]] const std::string& user() const { return user_; }  // OS user that the server runs as
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] os::Path data() const { return folder_ / "data"; }

    // Statements as superuser; each may be several at once. Rows as text, NULL as "".
    Result<std::vector<std::vector<std::string>>> sql(const std::string& database, const std::string& statements) const;
    Result<std::string> value(const std::string& database, const std::string& query) const;

   private:
    ScratchPostgres() = default;
    Result<> launch();
    os::Path folder_;
    std::string user_;
    int port_ = 0;
    int pid_ = -1;
};

// Over any address, e.g. the application's.
Result<std::vector<std::vector<std::string>>> run_sql(const std::string& url, const std::string& statements);

}  // namespace uprev::tests
