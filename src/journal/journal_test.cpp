// SPDX-License-Identifier: Apache-2.0
// What the journal promises to its writers: one durable transaction a change, an order that hangs on no clock, one machine, one unfinished
// operation, and everything read back as it was written.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "journal/database_file.hpp"
#include "journal/journal_fixture.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Rows>
std::vector<std::string> ids(const Rows& rows) {
    std::vector<std::string> out;
    for (const auto& row : rows) out.push_back(row.id);
    return out;
}

TEST_F(JournalTest, IsForItsOwnerOnlyAndFullySynchronous) {
    const mode_t before = ::umask(0);
    { const auto journal = open(); }
    ::umask(before);
    struct stat seen {};
    ASSERT_EQ(0, ::stat(file().c_str(), &seen));
    EXPECT_EQ(0600U, seen.st_mode & 07777U);
    auto db = DatabaseFile::open(file(), false);
    ASSERT_TRUE(db.has_value());
    const auto pragma = [&](const char* name) {
        auto s = db->prepare(std::string("PRAGMA ") + name);
        EXPECT_TRUE(s->row().value());
        return s->text(0);
    };
    EXPECT_EQ("2", pragma("synchronous"));  // FULL: the log is synced with every commit
    EXPECT_EQ("wal", pragma("journal_mode"));
    EXPECT_EQ("1", pragma("foreign_keys"));
}

TEST_F(JournalTest, IsNotWrittenThroughASymlink) {
    std::filesystem::create_symlink(folder.path() / "elsewhere", file());
    EXPECT_EQ(Code::permission, try_open().error().code);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
}

TEST_F(JournalTest, EveryChangeIsOneCommit) {
    std::vector<std::string> commits;
    auto with_gate = options();
    with_gate.gate = [&](std::string_view what, bool before) {
        if (before) commits.emplace_back(what);
        return Result<>();
    };
    auto journal = Journal::open(file(), std::move(with_gate)).value();
    ASSERT_TRUE(journal.create(an_operation("a")));
    ASSERT_TRUE(journal.freeze("a", Json{{"steps", 1}}, Json{{"site", 2}}, "1", "2"));
    ASSERT_TRUE(journal.begin("a", {"build.x", "build.y"}));
    ASSERT_TRUE(journal.end("a", {"build.x", StepStatus::done, Json(), Json()}, {"build.z"}));
    ASSERT_TRUE(journal.set_direction("a", Direction::back, Json{{"data", "untouched"}}));
    ASSERT_TRUE(journal.finish("a", OperationResult::undone, Json{{"ok", false}}));
    EXPECT_THAT(commits, ElementsAre("create operation", "freeze plan", "begin build.x", "done build.x", "direction back",
                                     "finish operation"));
}

TEST_F(JournalTest, AnOutcomeAndTheNextIntentAreThereTogetherOrNotAtAll) {
    auto journal = open();
    ASSERT_TRUE(journal.create(an_operation("a")));
    ASSERT_TRUE(journal.begin("a", {"one"}));
    {
        // While the outcome of "one" and the intent of "two" are on their way, another process sees neither.
        auto with_gate = options();
        with_gate.gate = [&](std::string_view, bool before) -> Result<> {
            const auto steps = open(true).steps("a");
            EXPECT_EQ(before ? 1U : 2U, steps->size());
            EXPECT_EQ(before ? StepStatus::doing : StepStatus::done, steps->front().status);
            return {};
        };
        auto writer = Journal::open(file(), std::move(with_gate)).value();
        ASSERT_TRUE(writer.end("a", {"one", StepStatus::done, Json{{"path", "/x"}}, Json()}, {"two"}));
    }
    const auto steps = journal.steps("a").value();
    ASSERT_THAT(ids(steps), ElementsAre("one", "two"));
    EXPECT_EQ("/x", steps[0].outputs["path"]);
    EXPECT_EQ(StepStatus::doing, steps[1].status);
}

TEST_F(JournalTest, WhatTheGateStopsWasNeverWritten) {
    auto with_gate = options();
    with_gate.gate = [](std::string_view, bool) -> Result<> { return fail(Code::unavailable, "dead"); };
    auto journal = Journal::open(file(), std::move(with_gate)).value();
    EXPECT_EQ(Code::unavailable, journal.create(an_operation("a")).error().code);
    EXPECT_THAT(open().operations(9).value(), IsEmpty());
}

TEST_F(JournalTest, AChangeThatFailsHalfWayLeavesNothing) {
    auto journal = open();
    ASSERT_TRUE(journal.create(an_operation("a")));
    ASSERT_TRUE(journal.begin("a", {"one"}));
    {
        auto db = DatabaseFile::open(file(), false).value();
        ASSERT_TRUE(
            db.execute("CREATE TRIGGER no BEFORE INSERT ON steps WHEN new.id = 'three' BEGIN SELECT raise(ABORT, 'no'); END"));
    }
    const auto ended = journal.end("a", {"one", StepStatus::done, Json(), Json()}, {"two", "three"});
    ASSERT_FALSE(ended.has_value());
    EXPECT_THAT(ended.error().text(), HasSubstr("writing to the journal: done one"));
    const auto steps = journal.steps("a").value();
    ASSERT_THAT(ids(steps), ElementsAre("one"));
    EXPECT_EQ(StepStatus::doing, steps[0].status);
    ASSERT_TRUE(journal.end("a", {"one", StepStatus::done, Json(), Json()}, {"two"}));  // and it goes on
}

TEST_F(JournalTest, AnUnfinishedOperationIsFoundAfterReopening) {
    {
        auto journal = open();
        EXPECT_FALSE(journal.unfinished()->has_value());
        ASSERT_TRUE(journal.create(an_operation("a")));
        ASSERT_TRUE(journal.freeze("a", Json{{"hash", "h"}}, Json{{"mark", "m"}}, "1.4.0", "1.5.1"));
        ASSERT_TRUE(journal.set_worker("a", "{\"pid\":7}"));
        ASSERT_TRUE(journal.begin("a", {"one"}));
    }
    auto journal = open();
    const auto found = journal.unfinished().value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ("a", found->id);
    EXPECT_EQ("1.5.1", found->to);
    EXPECT_EQ("h", found->plan["hash"]);
    EXPECT_EQ("m", found->pinned["mark"]);
    EXPECT_EQ("{\"pid\":7}", found->worker);
    EXPECT_EQ(Direction::forward, found->direction);
    ASSERT_TRUE(journal.finish("a", OperationResult::succeeded, Json{{"seconds", 3}}));
    EXPECT_FALSE(open().unfinished()->has_value());
    EXPECT_EQ(3, open().operation("a")->report["seconds"]);
    EXPECT_EQ(clock.now, open().operation("a")->ended_ms);
}

TEST_F(JournalTest, OnlyOneOperationIsUnfinished) {
    auto journal = open();
    ASSERT_TRUE(journal.create(an_operation("a")));
    const auto second = journal.create(an_operation("b"));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(Code::conflict, second.error().code);
    EXPECT_THAT(second.error().text(), HasSubstr("operation a is unfinished"));
    EXPECT_THAT(second.error().hint, HasSubstr("uprev resume"));
    ASSERT_TRUE(journal.finish("a", OperationResult::undone, Json()));
    EXPECT_TRUE(journal.create(an_operation("b")));
}

TEST_F(JournalTest, TheClockDoesNotDecideWhatIsNewest) {
    auto journal = open();
    const auto one_of_each = [&](const std::string& name) {
        auto operation = an_operation(name);
        operation.created_ms = clock.now;
        ASSERT_TRUE(journal.create(operation));
        ASSERT_TRUE(journal.finish(name, OperationResult::succeeded, Json()));
        ASSERT_TRUE(journal.add_generation(a_generation(name)));
        ASSERT_TRUE(journal.add_snapshot_set(a_set(name)));
    };
    one_of_each("m");
    clock.now -= a_year_ms;
    one_of_each("b");
    one_of_each("a");  // in the same millisecond, with a name that sorts before
    clock.now += 2 * a_year_ms;
    ASSERT_TRUE(journal.add_snapshot_set(a_set("m", false)));  // recorded again: still the oldest
    EXPECT_THAT(ids(journal.operations(9).value()), ElementsAre("a", "b", "m"));
    EXPECT_THAT(ids(journal.operations(1).value()), ElementsAre("a"));
    EXPECT_EQ("a", journal.generations()->front().version);
    EXPECT_EQ("a", journal.active_generation().value()->version);
    EXPECT_THAT(ids(journal.snapshot_sets().value()), ElementsAre("a", "b", "m"));
    EXPECT_EQ(false, journal.snapshot_sets()->back().snapshots[0]["proven"]);
}

TEST_F(JournalTest, BelongsToOneMachine) {
    const auto as = [&](const std::string& machine) {
        auto out = options();
        out.machine_id = machine;
        return Journal::open(file(), std::move(out));
    };
    EXPECT_TRUE(as("m1"));  // nobody's yet
    ASSERT_TRUE(open().bind_machine("m1"));
    EXPECT_TRUE(as("m1"));
    const auto clone = as("m2");
    ASSERT_FALSE(clone.has_value());
    EXPECT_EQ(Code::refused, clone.error().code);
    EXPECT_THAT(clone.error().text(), HasSubstr("m1"));
    EXPECT_THAT(clone.error().hint, HasSubstr("uprev adopt"));
    ASSERT_TRUE(open().bind_machine("m2"));  // adopt opens without a machine id
    EXPECT_TRUE(as("m2"));
    EXPECT_EQ(Code::refused, as("m1").error().code);
    EXPECT_EQ("m2", open().bound_machine().value());
}

TEST_F(JournalTest, StepsCountTheirAttemptsAndKeepWhatIsNotSaidAnew) {
    auto journal = open();
    ASSERT_TRUE(journal.create(an_operation("a")));
    const auto step = [&] { return journal.steps("a")->front(); };
    ASSERT_TRUE(journal.begin("a", {"s"}));
    const auto first = clock.now;
    clock.now += 5;
    ASSERT_TRUE(journal.end("a", {"s", StepStatus::failed, Json{{"path", "/x"}}, Json{{"code", "failed"}}}));
    EXPECT_EQ(1, step().attempts);
    EXPECT_EQ(first, step().started_ms);
    EXPECT_EQ(first + 5, step().ended_ms);
    clock.now += 5;
    ASSERT_TRUE(journal.begin("a", {"s"}));
    EXPECT_EQ(1, step().attempts) << "a recorded failure is no crash";
    ASSERT_TRUE(journal.begin("a", {"s"}));
    EXPECT_EQ(2, step().attempts) << "it was cut off";
    EXPECT_EQ(first + 10, step().started_ms);
    EXPECT_EQ(0, step().ended_ms);
    EXPECT_EQ("/x", step().outputs["path"]);
    ASSERT_TRUE(journal.end("a", {"s", StepStatus::done, Json(), Json()}));
    EXPECT_EQ("/x", step().outputs["path"]);
    const auto done = step().ended_ms;
    clock.now += 5;
    ASSERT_TRUE(journal.begin("a", {"s"}, StepStatus::undoing));
    EXPECT_EQ(StepStatus::undoing, step().status);
    EXPECT_EQ(first + 10, step().started_ms);
    ASSERT_TRUE(journal.end("a", {"s", StepStatus::undone, Json(), Json()}));
    EXPECT_EQ(StepStatus::undone, step().status);
    EXPECT_EQ(done, step().ended_ms);  // when it was done, not when it was undone
    ASSERT_TRUE(journal.end("a", {"never begun", StepStatus::skipped, Json(), Json()}));
    EXPECT_EQ(2U, journal.steps("a")->size());
}

TEST_F(JournalTest, ARowThatIsNotThereCannotBeChanged) {
    auto journal = open();
    EXPECT_EQ(Code::bug, journal.finish("a", OperationResult::succeeded, Json()).error().code);
    EXPECT_EQ(Code::bug, journal.freeze("a", Json(), Json(), "", "").error().code);
    EXPECT_EQ(Code::bug, journal.set_worker("a", "w").error().code);
    EXPECT_EQ(Code::bug, journal.set_direction("a", Direction::back, Json()).error().code);
    EXPECT_EQ(Code::bug, journal.set_generation(3, GenerationState::good).error().code);
    EXPECT_EQ(Code::bug, journal.begin("a", {"s"}).error().code);
    EXPECT_EQ(Code::bug, journal.end("a", {"s", StepStatus::done, Json(), Json()}).error().code);
    EXPECT_EQ(Code::not_found, journal.operation("a").error().code);
    EXPECT_THAT(journal.operations(9).value(), IsEmpty());
}

TEST_F(JournalTest, AnOperationIsReadBackAsItWasWritten) {
    auto journal = open();
    auto wanted = an_operation("a");
    wanted.kind = "rollback";
    wanted.direction = Direction::back;
    wanted.created_ms = 17;
    wanted.request = Json{{"to", "1.5 ü \n"}, {"n", 1}};
    wanted.worker = "w";
    ASSERT_TRUE(journal.create(wanted));
    const auto o = journal.operation("a").value();
    EXPECT_EQ("rollback", o.kind);
    EXPECT_EQ("1.4.0", o.from);
    EXPECT_EQ("1.5.0", o.to);
    EXPECT_EQ(Direction::back, o.direction);
    EXPECT_EQ(OperationResult::none, o.result);
    EXPECT_EQ(17, o.created_ms);
    EXPECT_EQ(0, o.ended_ms);
    EXPECT_EQ("ada", o.started_by);
    EXPECT_EQ("0.1.0", o.uprev_version);
    EXPECT_EQ("m1", o.machine);
    EXPECT_EQ(wanted.request, o.request);
    EXPECT_TRUE(o.plan.is_null());
    EXPECT_TRUE(o.pinned.is_null());
    EXPECT_TRUE(o.verdict.is_null());
    EXPECT_TRUE(o.report.is_null());
    EXPECT_EQ("w", o.worker);
    ASSERT_TRUE(journal.set_direction("a", Direction::forward, Json{{"data", "restore"}}));
    EXPECT_EQ("restore", journal.operation("a")->verdict["data"]);
    EXPECT_EQ(Direction::forward, journal.operation("a")->direction);
}

TEST_F(JournalTest, EveryWordIsReadBack) {
    for (const auto result :
         {OperationResult::none, OperationResult::succeeded, OperationResult::degraded, OperationResult::undone,
          OperationResult::abandoned, OperationResult::refused, OperationResult::needs_operator})
        EXPECT_EQ(result, operation_result(word(result)));
    for (const auto status : {StepStatus::pending, StepStatus::doing, StepStatus::done, StepStatus::failed, StepStatus::skipped,
                              StepStatus::undoing, StepStatus::undone})
        EXPECT_EQ(status, step_status(word(status)));
    for (const auto state : {GenerationState::candidate, GenerationState::good, GenerationState::degraded,
                             GenerationState::failed, GenerationState::superseded})
        EXPECT_EQ(state, generation_state(word(state)));
}

TEST_F(JournalTest, GenerationsAreNumberedAndChangeTheirState) {
    auto journal = open();
    EXPECT_FALSE(journal.active_generation()->has_value());
    auto first = a_generation("1.4.0");
    first.plugins = Json{{"blog", "2.0.0"}};
    first.details = Json{{"snapshot_set", "s"}};
    EXPECT_EQ(0, journal.add_generation(first).value());
    EXPECT_EQ(1, journal.add_generation(a_generation("1.5.0", GenerationState::candidate)).value());
    EXPECT_EQ("1.4.0", journal.active_generation().value()->version);  // a candidate is not active
    ASSERT_TRUE(journal.set_generation(1, GenerationState::degraded));
    EXPECT_EQ("1.5.0", journal.active_generation().value()->version);
    ASSERT_TRUE(journal.set_generation(1, GenerationState::failed));
    EXPECT_EQ("1.4.0", journal.active_generation().value()->version);
    EXPECT_EQ(2, journal.add_generation(a_generation("1.4.0")).value());
    const auto all = open().generations().value();
    ASSERT_EQ(3U, all.size());
    EXPECT_EQ(GenerationState::failed, all[1].state);
    EXPECT_EQ(first.folder, all[2].folder);
    EXPECT_EQ(first.operation, all[2].operation);
    EXPECT_EQ(first.plugins, all[2].plugins);
    EXPECT_EQ(first.details, all[2].details);
    EXPECT_EQ(clock.now, all[2].at_ms);
}

TEST_F(JournalTest, FailedVersionsSettingsAndSnapshotSetsAreReadBack) {
    auto journal = open();
    ASSERT_TRUE(journal.mark_failed("1.5.0", "its gate did not hold", "a"));
    ASSERT_TRUE(journal.mark_failed("1.5.0", "again", "b"));
    ASSERT_TRUE(journal.mark_failed("1.6.0", "build", "c"));
    ASSERT_TRUE(journal.clear_failed("1.6.0"));
    ASSERT_TRUE(journal.clear_failed("9.9.9"));  // was none
    const auto failed = open().failed_versions().value();
    ASSERT_EQ(1U, failed.size());
    EXPECT_EQ("again", failed[0].reason);
    EXPECT_EQ("b", failed[0].operation);
    EXPECT_EQ(clock.now, failed[0].at_ms);

    EXPECT_FALSE(journal.setting("auto")->has_value());
    ASSERT_TRUE(journal.set_setting("auto", "minor", "ada"));
    ASSERT_TRUE(journal.set_setting("auto", "patch", "eve"));
    EXPECT_EQ("patch", open().setting("auto").value()->value);
    EXPECT_EQ("eve", open().setting("auto").value()->by);

    auto set = a_set("s1");
    set.at_ms = 42;
    ASSERT_TRUE(journal.add_snapshot_set(set));
    ASSERT_TRUE(journal.add_snapshot_set(a_set("s2")));
    const auto sets = open().snapshot_sets().value();
    ASSERT_THAT(ids(sets), ElementsAre("s2", "s1"));
    EXPECT_EQ(clock.now, sets[0].at_ms);
    EXPECT_EQ(42, sets[1].at_ms);
    EXPECT_EQ(set.snapshots, sets[1].snapshots);
    EXPECT_EQ("op-s1", sets[1].operation);
    ASSERT_TRUE(journal.forget_snapshot_set("s2"));
    EXPECT_THAT(ids(open().snapshot_sets().value()), ElementsAre("s1"));
}

TEST_F(JournalTest, ManyWriteAtOnceAndNothingIsLost) {
    const auto write = [](Journal& journal, const std::string& name) {
        for (int i = 0; i < 40; ++i) EXPECT_TRUE(journal.set_setting(name + std::to_string(i), "x", "t"));
    };
    const auto apart = os::in_background([&] {  // another process
        auto journal = open();
        write(journal, "d");
    });
    auto shared = open();
    auto other = open();
    std::thread a([&] { write(shared, "a"); });
    std::thread b([&] { write(shared, "b"); });  // the same connection
    std::thread c([&] { write(other, "c"); });   // another
    a.join();
    b.join();
    c.join();
    int status = 0;
    ::waitpid(apart, &status, 0);
    EXPECT_EQ(0, status);
    for (const auto* name : {"a", "b", "c", "d"})
        for (int i = 0; i < 40; ++i) EXPECT_TRUE(shared.setting(name + std::to_string(i))->has_value()) << name << i;
}

TEST_F(JournalTest, AWriterThatDiesInItsTransactionLeavesNothingAndNoLock) {
    { const auto made = open(); }
    const auto pid = os::in_background([&] {
        auto db = DatabaseFile::open(file(), false).value();
        EXPECT_TRUE(db.execute("BEGIN IMMEDIATE; INSERT INTO settings VALUES ('half', 'x', 'y', 1)"));
        folder.put("ready", "");
        for (;;) ::pause();
    });
    ASSERT_TRUE(os::eventually([&] { return std::filesystem::exists(folder.path() / "ready"); }));
    os::kill_and_wait(pid);
    auto journal = open();
    EXPECT_FALSE(journal.setting("half")->has_value());
    EXPECT_TRUE(journal.set_setting("whole", "x", "y"));
}

TEST_F(JournalTest, AReaderChangesNothing) {
    { ASSERT_TRUE(open().set_setting("auto", "patch", "ada")); }
    const auto before = os::content_of(file());
    auto journal = open(true);
    EXPECT_EQ("patch", journal.setting("auto").value()->value);
    EXPECT_EQ(Code::permission, journal.set_setting("auto", "minor", "ada").error().code);
    EXPECT_EQ(before, os::content_of(file()));
    EXPECT_EQ("patch", open(true).setting("auto").value()->value);
}

TEST_F(JournalTest, AReaderDoesNotMakeAJournal) {
    EXPECT_EQ(Code::not_found, try_open(true).error().code);
    EXPECT_THAT(try_open(true).error().hint, HasSubstr("uprev adopt"));
    EXPECT_FALSE(std::filesystem::exists(file()));
    folder.put("journal.db", "");
    EXPECT_EQ(Code::not_found, try_open(true).error().code);
    EXPECT_EQ("", os::content_of(file()));
}

}  // namespace
}  // namespace uprev
