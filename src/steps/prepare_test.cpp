// SPDX-License-Identifier: Apache-2.0
// Installing dependencies in the folders that lock files name.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "journal/journal_fixture.hpp"
#include "os/linux.hpp"
#include "plan/make_plan.hpp"
#include "steps/steps.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Locks final : public Dependencies {
   public:
    [[nodiscard]] std::string_view name() const override { return "npm"; }
    [[nodiscard]] std::string_view lock_file() const override { return "lock"; }
    [[nodiscard]] CommandSpec install() const override {
        CommandSpec command;
        command.argv = {"npm", "ci"};
        return command;
    }
    Result<std::vector<std::string>> unpinned(const os::Path& folder) const override {
        return std::vector<std::string>{folder.filename().string()};
    }
};

// A command ends once `together` of them run, or after a while; one in a folder called `fails` fails.
class Installs final : public os::Processes {
   public:
    Result<os::Outcome> run(const os::Command& command, const std::function<bool()>&) override {
        const int now = ++running_;
        {
            const std::lock_guard guard(mutex_);
            most = std::max(most, now);
            logs.push_back(command.record.filename().string());
        }
        (void)os::eventually([&] { return most_now() >= together; });
        --running_;
        os::Outcome outcome;
        outcome.exit_code = command.cwd.filename() == "fails" ? 1 : 0;
        return outcome;
    }
    Result<os::Recorded> recorded(const os::Path&) const override { return fail(Code::bug, "not asked"); }
    Result<os::Recorded> settle(const os::Path&, bool, std::chrono::milliseconds) override {
        return fail(Code::bug, "not asked");
    }

    int together = 1;
    int most = 0;
    std::vector<std::string> logs;

   private:
    int most_now() {
        const std::lock_guard guard(mutex_);
        return most;
    }
    std::atomic<int> running_{0};
    std::mutex mutex_;
};

class InstallsByLockFile : public JournalTest {
   protected:
    InstallsByLockFile() : fs_(os::make_filesystem()), journal_(open()) {
        ports_.fs = fs_.get();
        ports_.processes = &processes_;
        ports_.dependencies = {&npm_};
        pinned_.site.root = folder.path();
        pinned_.folder = folder.path() / "release";
        pinned_.work = folder.path() / "work";
        step_.id = step_.kind = "prepare.dependencies";
        step_.args = {{"path", "*"}};
    }

    void lock(const std::string& relative) const {
        std::filesystem::create_directories(pinned_.folder / relative);
        std::ofstream(pinned_.folder / relative / "lock") << "{}";
    }

    Result<Json> install(std::uint32_t parallel) {
        pinned_.site.parallel = parallel;
        StepContext c{pinned_, plan_, ports_, journal_, "op", {}, {}, [](const std::string&) {}, {}, {}, 1};
        return steps::install_dependencies(c, step_);
    }

    std::unique_ptr<os::FileSystem> fs_;
    Journal journal_;
    Installs processes_;
    Locks npm_;
    Ports ports_;
    Pinned pinned_;
    Plan plan_;
    PlannedStep step_;
};

TEST_F(InstallsByLockFile, RunSideBySideEachWithItsOwnLog) {
    for (const auto* place : {"", "admin", "apps/web", "apps_web", "root"}) lock(place);
    processes_.together = 2;
    const auto rows = install(2);
    ASSERT_TRUE(rows) << rows.error().text();
    EXPECT_EQ(2, processes_.most) << "no more than the site allows";
    EXPECT_THAT(processes_.logs, UnorderedElementsAre("root", "admin", "apps+web", "apps_web", ".+root"));
    std::vector<std::string> paths;
    for (const auto& row : *rows) paths.push_back(row["path"]);
    EXPECT_THAT(paths, ElementsAre("", "admin", "apps/web", "apps_web", "root")) << "in the folders' order";
    EXPECT_EQ(Json({"web"}), (*rows)[2]["unpinned"]);
}

TEST_F(InstallsByLockFile, TheFirstFailureStartsNoMoreAndNamesItsFolder) {
    for (const auto* place : {"a", "b/fails", "c", "d"}) lock(place);
    const auto rows = install(1);
    ASSERT_FALSE(rows);
    EXPECT_THAT(rows.error().text(), HasSubstr("installing in b/fails"));
    EXPECT_THAT(processes_.logs, ElementsAre("a", "b+fails"));
}

}  // namespace
}  // namespace uprev
