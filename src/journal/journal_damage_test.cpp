// SPDX-License-Identifier: Apache-2.0
// A journal that is cut off, overwritten, from the past or from the future: an error with a code, or exactly what was committed. Never a
// crash, never an operation that nobody began.
#include <gmock/gmock.h>

#include <fstream>

#include "journal/database_file.hpp"
#include "journal/journal_fixture.hpp"
#include "journal/schema.hpp"

namespace uprev {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void put(const os::Path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes; }

// What a journal says, in one line for each row.
Result<std::vector<std::string>> told(const Journal& journal) {
    std::vector<std::string> out;
    for (const auto& o : TRY(journal.operations(99))) {
        const auto whole = TRY(journal.operation(o.id));
        out.push_back(o.id + " " + o.kind + " " + std::string(word(o.result)) + " " + whole.plan.dump() + " " +
                      whole.pinned.dump());
        for (const auto& step : TRY(journal.steps(o.id)))
            out.push_back(o.id + "/" + step.id + " " + std::string(word(step.status)) + " " + step.outputs.dump());
    }
    for (const auto& g : TRY(journal.generations()))
        out.push_back("generation " + std::to_string(g.number) + " " + g.version + " " + std::string(word(g.state)));
    for (const auto& f : TRY(journal.failed_versions())) out.push_back("failed " + f.version);
    for (const auto& s : TRY(journal.snapshot_sets())) out.push_back("set " + s.id + " " + s.snapshots.dump());
    return out;
}

class DamagedJournal : public JournalTest {
   protected:
    // Small plans, one that fills pages of its own, and rows in every table. `after` is called behind every commit.
    void fill(const std::function<void(const Journal&)>& after = [](const Journal&) {}) const {
        auto journal = open();
        const auto did = [&](const Result<>& result) {
            ASSERT_TRUE(result.has_value()) << result.error().text();
            after(journal);
        };
        for (const std::string id : {"a", "b", "c"}) {
            did(journal.create(an_operation(id)));
            did(journal.freeze(id, Json{{"steps", std::string(id == "b" ? 9000 : 10, 'p')}}, Json{{"mark", id}}, "1", "2"));
            did(journal.begin(id, {"one"}));
            did(journal.end(id, {"one", StepStatus::done, Json{{"path", "/" + id}}, Json()}, {"two"}));
            did(journal.add_snapshot_set(a_set(id)));
            did(journal.mark_failed(id, "because", id));
            const auto number = journal.add_generation(a_generation(id));
            ASSERT_TRUE(number.has_value());
            after(journal);
            if (id != "c") did(journal.finish(id, OperationResult::succeeded, Json()));
        }
    }

    // Opens what lies there, both ways. nullopt: it can't be read, and the error says that it is corrupt.
    std::optional<std::vector<std::string>> read(bool read_only) const {
        auto journal = try_open(read_only);
        auto rows = journal ? told(*journal) : Result<std::vector<std::string>>(journal.error());
        if (rows) return *rows;
        EXPECT_EQ(Code::corrupt, rows.error().code) << rows.error().text();
        EXPECT_THAT(rows.error().hint, HasSubstr("backup"));
        return std::nullopt;
    }

    void lay(const std::string& main, const std::string& log) const {
        for (const auto* end : {"-wal", "-shm"}) std::filesystem::remove(file().string() + end);
        put(file(), main);
        if (!log.empty()) put(file().string() + "-wal", log);
    }
};

TEST_F(DamagedJournal, CutOffAnywhereItIsCorruptOrWhole) {
    fill();
    const auto whole = os::content_of(file());
    const auto truth = read(true);
    ASSERT_TRUE(truth.has_value());
    ASSERT_GT(truth->size(), 15U);
    std::size_t read_well = 0;
    for (std::size_t length = 1; length < whole.size();
         length += length < 200 ? 1 : 509) {  // 509: within and at the ends of pages
        for (const bool read_only : {true, false}) {
            lay(whole.substr(0, length), "");
            const auto rows = read(read_only);
            if (!rows) continue;
            EXPECT_EQ(*truth, *rows) << length;
            ++read_well;
        }
    }
    for (std::size_t length = 4096; length < whole.size(); length += 4096) {
        lay(whole.substr(0, length), "");
        EXPECT_FALSE(read(true).has_value()) << length;
    }
    EXPECT_EQ(0U, read_well);
    lay(whole, "");
    EXPECT_EQ(*truth, read(false));
}

TEST_F(DamagedJournal, CutOffToNothingItIsAJournalWithoutOperations) {
    fill();
    lay("", "");
    EXPECT_EQ(Code::not_found, try_open(true).error().code);
    const auto rows = read(false);
    ASSERT_TRUE(rows.has_value());
    EXPECT_THAT(*rows, IsEmpty());
}

// What was not synced before the power went is missing at the end of the log: what is left is a prefix of the commits.
TEST_F(DamagedJournal, ALogCutOffAnywhereGivesACommittedState) {
    std::vector<std::vector<std::string>> states{{}};
    std::string main;
    std::string log;
    fill([&](const Journal& journal) {
        states.push_back(told(journal).value());
        main = os::content_of(file());
        log = os::content_of(file().string() + "-wal");
    });
    ASSERT_GT(log.size(), 20'000U);
    std::size_t newest = 0;
    for (std::size_t length = 0; length <= log.size(); length += length < 100 ? 7 : 1031) {
        lay(main, log.substr(0, length));
        const auto rows = read(false);
        ASSERT_TRUE(rows.has_value()) << length;
        const auto found = std::find(states.begin(), states.end(), *rows);
        ASSERT_NE(states.end(), found) << length;
        const auto at = static_cast<std::size_t>(found - states.begin());
        EXPECT_GE(at, newest) << length;  // a longer log never tells less
        newest = at;
    }
    lay(main, log);
    EXPECT_EQ(states.back(), read(true));
}

TEST_F(DamagedJournal, AFlippedByteNeverMakesAnOperation) {
    fill();
    const auto whole = os::content_of(file());
    const auto truth = *read(true);
    for (std::size_t at = 0; at < whole.size(); at += 151) {
        auto bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
        lay(bytes, "");
        auto journal = try_open(true);
        if (!journal) continue;
        const auto operations = journal->operations(99);
        if (operations) {
            EXPECT_LE(operations->size(), 3U) << at;
        }
        (void)told(*journal).has_value();
    }
}

struct Garbage {
    const char* name;
    std::string bytes;
};
class GarbageJournal : public JournalTest, public ::testing::WithParamInterface<Garbage> {};

TEST_P(GarbageJournal, IsCorruptAndLeftAsItIs) {
    put(file(), GetParam().bytes);
    for (const bool read_only : {true, false}) {
        const auto opened = try_open(read_only);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(Code::corrupt, opened.error().code) << opened.error().text();
        EXPECT_THAT(opened.error().hint, HasSubstr("backup"));
        EXPECT_EQ(GetParam().bytes, os::content_of(file()));
    }
}
INSTANTIATE_TEST_SUITE_P(Files, GarbageJournal,
                         ::testing::Values(Garbage{"one_byte", "x"}, Garbage{"text", std::string(5000, 'x')},
                                           Garbage{"zeros", std::string(8192, '\0')},
                                           Garbage{"magic_only", std::string("SQLite format 3\0", 16)},
                                           Garbage{"json", "{\"operations\": []}\n"}),
                         [](const auto& info) { return info.param.name; });

TEST_F(DamagedJournal, AnotherProgramsDatabaseIsNotTakenOver) {
    for (const std::string version : {"0", "1", "2"}) {
        std::filesystem::remove(file());
        {
            auto db = DatabaseFile::open(file(), false).value();
            ASSERT_TRUE(db.execute("CREATE TABLE orders (id INTEGER); PRAGMA user_version = " + version));
        }
        EXPECT_EQ(Code::corrupt, try_open().error().code) << version;
        auto db = DatabaseFile::open(file(), true).value();
        auto tables = db.prepare("SELECT group_concat(name) FROM sqlite_master");
        ASSERT_TRUE(tables->row().value());
        EXPECT_EQ("orders", tables->text(0)) << version;
    }
}

TEST_F(DamagedJournal, OneFromTheFutureIsRefusedAndLeftByteForByte) {
    fill();
    {
        auto db = DatabaseFile::open(file(), false).value();
        ASSERT_TRUE(db.execute("PRAGMA journal_mode = DELETE; PRAGMA user_version = " + std::to_string(state_version + 1)));
    }
    const auto before = os::content_of(file());
    for (const bool read_only : {true, false}) {
        const auto opened = try_open(read_only);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(Code::refused, opened.error().code);
        EXPECT_THAT(opened.error().text(), HasSubstr("newer uprev (state version " + std::to_string(state_version + 1)));
        EXPECT_THAT(opened.error().hint, HasSubstr("install the newer uprev"));
        EXPECT_EQ(before, os::content_of(file()));
    }
}

TEST_F(DamagedJournal, OneFromTheFutureKeepsTheLogThatItsOwnerLeft) {
    fill();
    std::string main;
    std::string log;
    {
        auto db = DatabaseFile::open(file(), false).value();
        ASSERT_TRUE(db.execute("PRAGMA user_version = 99"));
        main = os::content_of(file());
        log = os::content_of(file().string() + "-wal");
    }
    ASSERT_FALSE(log.empty());
    lay(main, log);
    EXPECT_EQ(Code::refused, try_open().error().code);
    EXPECT_EQ(main, os::content_of(file()));
    EXPECT_EQ(log, os::content_of(file().string() + "-wal"));
}

// As uprev wrote it at state version 1: snapshot sets without an order of their own.
constexpr const char* state_1 = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, from_version TEXT NOT NULL, to_version TEXT NOT NULL,
  direction TEXT NOT NULL, result TEXT NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, started_by TEXT NOT NULL,
  uprev_version TEXT NOT NULL, machine TEXT NOT NULL, request TEXT NOT NULL, plan TEXT NOT NULL, pinned TEXT NOT NULL,
  verdict TEXT NOT NULL, report TEXT NOT NULL, worker TEXT NOT NULL);
CREATE UNIQUE INDEX one_unfinished ON operations (result) WHERE result = '';
CREATE TABLE steps (
  operation TEXT NOT NULL REFERENCES operations(id), id TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, outputs TEXT NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY (operation, id)) WITHOUT ROWID;
CREATE TABLE generations (
  number INTEGER PRIMARY KEY, version TEXT NOT NULL, folder TEXT NOT NULL, operation TEXT NOT NULL, state TEXT NOT NULL,
  at_ms INTEGER NOT NULL, plugins TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE failed_versions (version TEXT PRIMARY KEY, reason TEXT NOT NULL, operation TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, set_by TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot_sets (
  id TEXT PRIMARY KEY, operation TEXT NOT NULL, version TEXT NOT NULL, at_ms INTEGER NOT NULL, snapshots TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('machine', 'm1');
INSERT INTO operations VALUES (1, 'a', 'upgrade', '1', '2', 'forward', '', 5, 0, 'ada', '0.1.0', 'm1', '', '{"hash":"h"}', '{"mark":"m"}', '', '', '');
INSERT INTO steps VALUES ('a', 'one', 'doing', 1, 6, 0, '{"path":"/x"}', '');
INSERT INTO generations VALUES (0, '1', '/r/1', 'o', 'good', 1, '', '');
INSERT INTO failed_versions VALUES ('3', 'r', 'a', 1);
INSERT INTO settings VALUES ('auto', 'patch', 'ada', 1);
INSERT INTO snapshot_sets VALUES ('z-old', 'a', '1', 100, '[]'), ('b-newest', 'a', '1', 300, '[]'), ('a-mid', 'a', '1', 200, '[]');
PRAGMA user_version = 1;
)sql";

class OldJournal : public DamagedJournal {
   protected:
    void SetUp() override {
        auto db = DatabaseFile::open(file(), false).value();
        ASSERT_TRUE(db.execute(state_1));
    }
    void expect_all_there(const Journal& journal) const {
        const auto found = journal.unfinished().value();
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ("m", found->pinned["mark"]);
        EXPECT_EQ("/x", journal.steps("a")->front().outputs["path"]);
        EXPECT_EQ("1", journal.active_generation().value()->version);
        EXPECT_EQ("3", journal.failed_versions()->front().version);
        EXPECT_EQ("patch", journal.setting("auto").value()->value);
        EXPECT_EQ("m1", journal.bound_machine().value());
        std::vector<std::string> sets;
        const auto rows = journal.snapshot_sets().value();
        for (const auto& set : rows) sets.push_back(set.id);
        EXPECT_THAT(sets, ElementsAre("b-newest", "a-mid", "z-old"));
    }
    [[nodiscard]] os::Path copy() const { return file().string() + ".v1"; }
    [[nodiscard]] int version(const os::Path& of) const { return version_of(DatabaseFile::open(of, true).value()).value(); }
};

TEST_F(OldJournal, IsBroughtUpAfterACopy) {
    expect_all_there(open());
    EXPECT_EQ(state_version, version(file()));
    EXPECT_EQ(1, version(copy()));
    EXPECT_EQ(std::filesystem::perms(0600), std::filesystem::status(copy()).permissions());
    auto journal = open();
    expect_all_there(journal);
    ASSERT_TRUE(journal.add_snapshot_set(a_set("0-last")));
    EXPECT_EQ("0-last", journal.snapshot_sets()->front().id);
    std::filesystem::rename(copy(), file());  // what an operator does to go back to the older uprev
    for (const auto* end : {"-wal", "-shm"}) std::filesystem::remove(file().string() + end);
    expect_all_there(open());
}

TEST_F(OldJournal, IsReadWithoutBeingChanged) {
    const auto before = os::content_of(file());
    expect_all_there(open(true));
    EXPECT_EQ(before, os::content_of(file()));
    EXPECT_FALSE(std::filesystem::exists(copy()));
    EXPECT_EQ(1, version(file()));
}

TEST_F(OldJournal, StaysAsItIsWhenItCannotBeCopied) {
    std::filesystem::create_directories(copy() / "in the way");
    EXPECT_FALSE(try_open().has_value());
    EXPECT_EQ(1, version(file()));
    std::filesystem::remove_all(copy());
    expect_all_there(open());
}

TEST_F(OldJournal, StaysAsItIsWhenAMigrationStopsHalfWay) {
    {
        auto db = DatabaseFile::open(file(), false).value();
        ASSERT_TRUE(
            db.execute("CREATE VIEW uses AS SELECT id FROM snapshot_sets, nothing_of_that_name"));  // renaming a table then fails
    }
    const auto opened = try_open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_THAT(opened.error().text(), HasSubstr("bringing the journal to state version 2"));
    EXPECT_EQ(1, version(file()));
    auto db = DatabaseFile::open(file(), false).value();
    auto rows = db.prepare("SELECT count(*) FROM snapshot_sets");
    ASSERT_TRUE(rows->row().value());
    EXPECT_EQ(3, rows->number(0));
}

TEST_F(OldJournal, IsBroughtUpOnceByTwoProcesses) {
    const auto other = os::in_background([&] { expect_all_there(open()); });
    expect_all_there(open());
    int status = 0;
    ::waitpid(other, &status, 0);
    EXPECT_EQ(0, status);
    EXPECT_EQ(1, version(copy()));
    EXPECT_EQ(state_version, version(file()));
}

}  // namespace
}  // namespace uprev
