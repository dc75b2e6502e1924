// SPDX-License-Identifier: Apache-2.0
// How much room an operation is taken to need, and on which disk.
#include "preflight/observe.hpp"

#include <gmock/gmock.h>

#include "os/linux.hpp"
#include "os/test_folder.hpp"
#include "ports/database_fixture.hpp"

namespace uprev {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t gib = 1ULL << 30U;

Error none() { return fail(Code::bug, "not asked"); }

class BigDatabase final : public UnaskedDatabase {
   public:
    explicit BigDatabase(os::Path disk) : disk_(std::move(disk)) {}
    Result<DatabaseFacts> inspect() override {
        DatabaseFacts facts;
        facts.bytes = 100 * gib;
        facts.disk = disk_;
        facts.schema = "7";
        return facts;
    }

   private:
    os::Path disk_;
};

class OneFolder final : public Layout {
   public:
    explicit OneFolder(os::Path folder) : folder_(std::move(folder)) {}
    Result<PlacedRelease> active() const override { return PlacedRelease{folder_, "1.4.2", true}; }
    Result<std::vector<PlacedRelease>> placed() const override { return none(); }
    Result<> link_kept(const os::Path&) override { return none(); }
    Result<> promote(const os::Path&, const os::Path&) override { return none(); }
    Result<> activate(const os::Path&) override { return none(); }
    Result<> discard(const os::Path&) override { return none(); }

   private:
    os::Path folder_;
};

class NoServices final : public Services {
   public:
    Result<ServiceCapabilities> capabilities() override { return ServiceCapabilities{}; }
    Result<std::vector<ServiceState>> observe() override { return std::vector<ServiceState>{}; }
    Result<> start(const std::vector<std::string>&, const os::Path&) override { return none(); }
    Result<> stop(const std::vector<std::string>&) override { return none(); }
    Result<> reload(const std::vector<std::string>&, const os::Path&) override { return none(); }
    Result<> guard(bool, const std::string&) override { return none(); }
};

class Room : public ::testing::Test {
   protected:
    Room() : fs_(os::make_filesystem()), layout_(folder_.path()), shop_(folder_.path()) {
        site_.root = folder_.path();
        ports_.fs = fs_.get();
        ports_.layout = &layout_;
        ports_.services = &services_;
        ports_.databases = {{"shop", &shop_}};
        ports_.manifests = folder_.path() / "manifests";
        look_.site = &site_;
        look_.release = &release_;
        look_.ports = &ports_;
    }

    // What each database needs.
    std::vector<std::string> for_databases() {
        const auto observed = observe(look_);
        EXPECT_THAT(observed.findings, IsEmpty());
        std::vector<std::string> out;
        for (const auto& need : observed.facts.needs)
            if (need.what.find("'shop'") != std::string::npos) out.push_back(need.what + " " + std::to_string(need.needed / gib));
        return out;
    }

    os::TestFolder folder_;
    std::unique_ptr<os::FileSystem> fs_;
    OneFolder layout_;
    NoServices services_;
    BigDatabase shop_;
    SiteFile site_;
    ReleaseFile release_;
    Ports ports_;
    Look look_;
};

TEST_F(Room, ForSnapshotsIsNeededOnlyWhereOneIsTaken) {
    EXPECT_THAT(for_databases(), IsEmpty()) << "a patch that migrates nothing takes no snapshot";
    release_.migrations.resize(1);
    EXPECT_THAT(for_databases(), UnorderedElementsAre("snapshot of 'shop' 100", "proof copy of 'shop' 100"));
    release_.schema = "7";
    EXPECT_THAT(for_databases(), IsEmpty()) << "the database is there already";
}

TEST_F(Room, ForARestoreIsNeededWhereTheSetIsLaidAside) {
    look_.release = nullptr;
    look_.stages = false;
    EXPECT_THAT(for_databases(), IsEmpty()) << "a rollback needs no room";
    Snapshot small;
    small.database = "shop";
    small.bytes = gib;
    const std::vector<Snapshot> set{small};
    look_.lays_aside = &set;
    EXPECT_THAT(for_databases(), UnorderedElementsAre("copy of 'shop' laid aside 100"))
        << "a dump is smaller than what it becomes";
}

}  // namespace
}  // namespace uprev
