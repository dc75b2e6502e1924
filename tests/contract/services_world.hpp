// SPDX-License-Identifier: Apache-2.0
// An installation in a temporary folder with releases, a pointer and a service manager, for the services port's contract suite.
// The application belongs to a user of its own when the tests run as root.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapters/probe/prober.hpp"
#include "adapters/services/services.hpp"
#include "os/clock.hpp"
#include "os/linux.hpp"

namespace uprev::test {

namespace fs = std::filesystem;

// The test user, made on first use, and pm2 from tests/support/pm2, installed once into the tests' cache.
const std::string& application_user();
const std::string& pm2_command();
int free_port();

class World {
   public:
    World();
    virtual ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    void add_release(const std::string& version, const std::string& script = {});  // empty: the test application
    void swap(const std::string& version);                                         // the pointer, atomically
    [[nodiscard]] os::Path release(const std::string& version) const { return root / "releases" / version; }
    [[nodiscard]] nlohmann::json ask(int of_port = 0) const;                    // the application's answer; null: none
    [[nodiscard]] std::string served() const;                                   // its version; empty: no answer
    [[nodiscard]] std::string served_soon();                                    // the same, waiting a little for an answer
    std::string run(std::vector<std::string> argv, const os::Path& cwd = "/");  // as the user; stdout
    void write(const os::Path& path, const std::string& text);                  // as the user
    [[nodiscard]] static std::string read(const os::Path& path);
    virtual Services& services() = 0;
    [[nodiscard]] ServiceState state(const std::string& name = "web");

    std::string user;
    fs::path root;  // of the installation
    int port = free_port();
    SiteFile site;
    std::unique_ptr<os::FileSystem> files = os::make_filesystem();
    std::unique_ptr<os::Processes> processes = os::make_processes(UPREV_SHIM_PATH);
    std::unique_ptr<os::Http> http = os::make_http();
    os::SystemClock clock;
};

// One app, `web`, in cluster mode with two workers, and a foreign one, `foreign`, beside it in the same PM2.
class Pm2World final : public World {
   public:
    Pm2World();
    ~Pm2World() override;
    Services& services() override;
    Services& made_anew();  // from `site` as it is now
    std::string pm2(std::vector<std::string> arguments, const os::Path& cwd = "/");
    [[nodiscard]] nlohmann::json jlist();
    [[nodiscard]] nlohmann::json app(const std::string& name);  // its first row
    [[nodiscard]] int daemon() const;
    void kill_daemon();
    // `more` is laid over the app of the ecosystem file, which lies in shared/ and is linked into each release.
    void ecosystem(const std::string& more = "{}");
    // A Python one outlives the daemon that is killed; a Node one doesn't.
    void start_foreign(bool python = false);
    [[nodiscard]] std::string foreign_identity();  // pid and restarts

    fs::path home;
    std::vector<ServiceSpec> specs;

   private:
    std::unique_ptr<Services> services_;
};

class CommandWorld final : public World {
   public:
    CommandWorld();
    ~CommandWorld() override;
    Services& services() override;

   private:
    std::unique_ptr<Services> services_;
};

#define ASSERT_OK(expression)                               \
    do {                                                    \
        auto&& ok_ = (expression);                          \
        ASSERT_TRUE(ok_.has_value()) << ok_.error().text(); \
    } while (false)

}  // namespace uprev::test
