// SPDX-License-Identifier: Apache-2.0
// Plugins before and after.
#include <gmock/gmock.h>

#include "journal/journal_fixture.hpp"
#include "os/linux.hpp"
#include "plan/make_plan.hpp"
#include "steps/steps.hpp"

namespace uprev {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PluginsAtTheGate : public JournalTest {
   protected:
    PluginsAtTheGate() : fs_(os::make_filesystem()), journal_(open()) {
        ports_.fs = fs_.get();
        pinned_.old_folder = folder.path() / "old";
        pinned_.folder = folder.path() / "new";
        pinned_.site.plugins.emplace();
        pinned_.site.plugins->folder = "plugins";
        pinned_.site.plugins->manifest = "plugin.json";
        plan_.from = "1.4.2";
        plan_.to = "1.5.0";
    }

    static void put(const os::Path& release, const std::string& name, const std::string& version) {
        const auto place = release / "plugins" / name;
        std::filesystem::create_directories(place);
        std::ofstream(place / "plugin.json") << Json{{"name", name}, {"version", version}};
    }

    Result<Json> compare() {
        StepContext c{pinned_, plan_, ports_, journal_, "op", {}, {}, {}, {}, {}, 1};
        return steps::compare_plugins(c, {});
    }

    std::unique_ptr<os::FileSystem> fs_;
    Journal journal_;
    Ports ports_;
    Pinned pinned_;
    Plan plan_;
};

TEST_F(PluginsAtTheGate, OnesThatStayedBehindAreNamed) {
    for (const auto* name : {"blog", "seo", "export"}) put(pinned_.old_folder, name, "1.0.0");
    put(pinned_.folder, "blog", "1.1.0");
    const auto seen = compare();
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error().text(),
                AllOf(HasSubstr("1.5.0 lacks plugins that 1.4.2 has: export 1.0.0, seo 1.0.0"), Not(HasSubstr("blog"))));
}

TEST_F(PluginsAtTheGate, NewOnesAndNoneAreFine) {
    EXPECT_TRUE(compare());
    put(pinned_.old_folder, "blog", "1.0.0");
    put(pinned_.folder, "blog", "1.0.0");
    put(pinned_.folder, "seo", "1.0.0");
    EXPECT_TRUE(compare());
    pinned_.site.plugins.reset();
    EXPECT_TRUE(compare());
}

}  // namespace
}  // namespace uprev
