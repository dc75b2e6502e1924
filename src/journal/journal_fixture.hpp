// SPDX-License-Identifier: Apache-2.0
// For tests that need a journal: a folder, a clock that the test sets, and short ways to fill the rows.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include "journal/journal.hpp"
#include "os/test_folder.hpp"

namespace uprev {

class SetClock final : public os::Clock {
   public:
    std::int64_t wall_ms() const override { return now; }
    os::Milliseconds steady() const override { return os::Milliseconds(0); }
    void sleep(os::Milliseconds) override {}
    std::int64_t now = 1'800'000'000'000;
};

inline constexpr std::int64_t a_year_ms = 365LL * 24 * 3600 * 1000;

class JournalTest : public ::testing::Test {
   protected:
    [[nodiscard]] os::Path file() const { return folder.path() / "journal.db"; }

    [[nodiscard]] Journal::Options options() const {
        Journal::Options out;
        out.clock = &clock;
        return out;
    }
    [[nodiscard]] Result<Journal> try_open(bool read_only = false) const {
        auto out = options();
        out.read_only = read_only;
        return Journal::open(file(), std::move(out));
    }
    [[nodiscard]] Journal open(bool read_only = false) const {
        auto opened = try_open(read_only);
        if (!opened) ADD_FAILURE() << opened.error().text();
        return std::move(opened).value();  // throws, and so fails the test, when there is none
    }

    os::TestFolder folder;
    SetClock clock;
};

inline Operation an_operation(const std::string& id) {
    Operation o;
    o.id = id;
    o.kind = "upgrade";
    o.from = "1.4.0";
    o.to = "1.5.0";
    o.started_by = "ada";
    o.uprev_version = "0.1.0";
    o.machine = "m1";
    return o;
}

inline Generation a_generation(const std::string& version, GenerationState state = GenerationState::good) {
    Generation g;
    g.version = version;
    g.folder = "/srv/shop/releases/" + version;
    g.operation = "op-" + version;
    g.state = state;
    return g;
}

inline SnapshotSet a_set(const std::string& id, bool proven = true) {
    SnapshotSet set;
    set.id = id;
    set.operation = "op-" + id;
    set.version = "1.4.0";
    set.snapshots =
        Json::array({Json{{"database", "main"}, {"path", "/state/snapshots/" + id + "/main.dump"}, {"proven", proven}}});
    return set;
}

}  // namespace uprev
