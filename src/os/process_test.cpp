// SPDX-License-Identifier: Apache-2.0
#include "os/process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "os/identity.hpp"
#include "os/linux.hpp"
#include "os/test_folder.hpp"

namespace uprev::os {
namespace {

using std::chrono::milliseconds;

class ProcessTest : public ::testing::Test {
   protected:
    Command command(std::vector<std::string> argv) {
        Command out;
        out.argv = std::move(argv);
        out.env = {{"PATH", "/usr/bin:/bin"}};
        out.record = folder_.path() / ("run" + std::to_string(++runs_));
        return out;
    }
    Command shell(const std::string& script) { return command({"/bin/sh", "-c", script}); }
    Outcome run(const Command& command) {
        auto outcome = processes_->run(command);
        EXPECT_TRUE(outcome) << outcome.error().text();
        return outcome ? *outcome : Outcome{};
    }
    static std::string log_of(const Command& command) { return content_of(command.record / "output.log"); }

    static std::vector<int> sleeping(const std::string& time) { return commands_matching(std::string("sleep\0", 6) + time); }

    TestFolder folder_;
    std::unique_ptr<Processes> processes_ = make_processes(UPREV_SHIM_PATH);
    int runs_ = 0;
};

TEST_F(ProcessTest, ExitCodesAndSignalsArePassedOn) {
    EXPECT_TRUE(run(command({"true"})).ok());
    EXPECT_EQ(run(shell("exit 7")).exit_code, 7);
    const auto killed = run(shell("kill -9 $$"));
    EXPECT_EQ(killed.signal, 9);
    EXPECT_FALSE(killed.ok());
    EXPECT_EQ(killed.describe(), "killed by signal 9");
    EXPECT_EQ(run(shell("exit 1")).describe(), "exit code 1");
}

TEST_F(ProcessTest, OutputGoesToAPrivateLog) {
    const auto asked = shell("echo out; echo err >&2");
    EXPECT_EQ(run(asked).tail, "out\nerr\n");
    EXPECT_EQ(log_of(asked), "out\nerr\n");
    struct stat about {};
    for (const char* name : {"output.log", "started.json", "result.json"}) {
        ASSERT_EQ(::stat((asked.record / name).c_str(), &about), 0) << name;
        EXPECT_EQ(about.st_mode & 0777U, 0600U) << name;
    }
    ASSERT_EQ(::stat(asked.record.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0700U);
    EXPECT_FALSE(std::filesystem::exists(asked.record / "result.new"));
}

TEST_F(ProcessTest, TheEnvironmentIsTheStatedOneAlone) {
    ::setenv("UPREV_CANARY", "leaked", 1);
    ::setenv("LD_PRELOAD_CANARY", "leaked", 1);
    auto asked = command({"/usr/bin/env"});
    asked.env = {{"A", "1"}, {"B", "with space\nand newline"}};
    EXPECT_EQ(run(asked).tail, "A=1\nB=with space\nand newline\n");
}

TEST_F(ProcessTest, NoDescriptorAndNoTerminalIsPassedOn) {
    auto asked = shell("ls /proc/self/fd; cat /proc/self/stat | cut -d' ' -f7; umask");
    asked.input = "x";
    // ls itself has its listing open as the next number.
    EXPECT_EQ(run(asked).tail, "0\n1\n2\n3\n0\n0022\n");
}

TEST_F(ProcessTest, InputIsGivenWholeAndElseNothing) {
    auto asked = command({"/usr/bin/wc", "-c"});
    asked.input = std::string(300'000, 'x');
    EXPECT_EQ(run(asked).tail, "300000\n");
    EXPECT_EQ(run(command({"/bin/cat"})).tail, "");
}

TEST_F(ProcessTest, SignalsAreDefaultAndUnblockedInTheChild) {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const auto outcome = run(shell("grep -E 'SigBlk|SigIgn' /proc/self/status"));
    ::signal(SIGPIPE, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
    EXPECT_EQ(outcome.tail, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(ProcessTest, WhatCannotBeStartedSaysWhy) {
    struct Row {
        std::vector<std::string> argv;
        Code code;
    };
    folder_.put("script-without-interpreter", "echo hi\n", 0755);
    folder_.put("not-executable", "#!/bin/sh\n", 0644);
    for (const auto& row : {Row{{"uprev-no-such-program"}, Code::not_found}, Row{{"/nonexistent/program"}, Code::not_found},
                            Row{{folder_.path() / "script-without-interpreter"}, Code::invalid},
                            Row{{folder_.path() / "not-executable"}, Code::permission}, Row{{}, Code::invalid},
                            Row{{""}, Code::invalid}, Row{{std::string("a\0b", 3)}, Code::invalid}}) {
        auto asked = command(row.argv);
        const auto outcome = processes_->run(asked);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, row.code) << outcome.error().text();
    }
    auto asked = command({"true"});
    asked.cwd = "/nonexistent";
    const auto outcome = processes_->run(asked);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("'/nonexistent'"), std::string::npos) << outcome.error().text();
    EXPECT_EQ(processes_->recorded(asked.record)->outcome.exit_code, 127);
}

TEST_F(ProcessTest, AProgramIsNeverTakenFromTheCurrentFolder) {
    folder_.put("uprev-planted", "#!/bin/sh\necho planted\n", 0755);
    auto asked = command({"uprev-planted"});
    asked.cwd = folder_.path();
    asked.env["PATH"] = ":/usr/bin::/bin:";
    EXPECT_EQ(processes_->run(asked).error().code, Code::not_found);
}

TEST_F(ProcessTest, AnExpiredLimitEndsTheWholeTree) {
    auto asked = shell("sleep 47.1 & sh -c 'sleep 47.2 & sleep 47.3' & setsid sleep 47.4 & sleep 47.5");
    asked.limit = milliseconds(300);
    const auto outcome = run(asked);
    EXPECT_TRUE(outcome.expired);
    EXPECT_FALSE(outcome.ok());
    EXPECT_LT(outcome.took, milliseconds(5000));
    EXPECT_TRUE(sleeping("47.").empty());
    EXPECT_NE(outcome.describe().find("still running after"), std::string::npos);
}

TEST_F(ProcessTest, WhatIgnoresSigtermIsKilledTenSecondsLater) {
    auto asked = shell("trap '' TERM; while :; do sleep 0.2; done");
    asked.limit = milliseconds(100);
    const auto began = std::chrono::steady_clock::now();
    const auto outcome = run(asked);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_TRUE(outcome.expired);
    EXPECT_EQ(outcome.signal, SIGKILL);
    EXPECT_GE(took, std::chrono::seconds(10));
    EXPECT_LT(took, std::chrono::seconds(14));
}

TEST_F(ProcessTest, ACommandMayUseItsGraceToTidyUp) {
    auto asked = shell("trap 'sleep 0.4 && echo tidied; exit 3' TERM; while :; do sleep 0.05; done");
    asked.limit = milliseconds(200);
    const auto outcome = run(asked);
    EXPECT_TRUE(outcome.expired);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_TRUE(outcome.tail.ends_with("tidied\n")) << outcome.tail;
}

TEST_F(ProcessTest, WhatIsStartedWhileTheTreeIsEndedIsEndedToo) {
    auto asked = shell("while :; do sleep 56.1 & done");
    asked.limit = milliseconds(200);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(run(asked).expired);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8)) << "some were missed until SIGKILL";
    EXPECT_TRUE(sleeping("56.1").empty());
}

TEST_F(ProcessTest, CancelEndsTheTree) {
    const auto asked = shell("sleep 47.6 & sleep 47.7");
    const auto began = std::chrono::steady_clock::now();
    const auto outcome = processes_->run(asked, [&] { return std::chrono::steady_clock::now() - began > milliseconds(200); });
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->expired);
    EXPECT_TRUE(sleeping("47.").empty());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
    EXPECT_TRUE(processes_->recorded(asked.record)->outcome.expired);
}

TEST_F(ProcessTest, StragglersAreEndedEvenDaemons) {
    // Double fork, own session, standard streams kept: the classic daemon.
    const auto asked = shell("(setsid sh -c 'sleep 48.1 & sleep 48.2' &) ; echo done");
    const auto outcome = run(asked);
    EXPECT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.tail, "done\n");
    EXPECT_TRUE(sleeping("48.").empty());
}

TEST_F(ProcessTest, KeptDaemonsLiveOnAndCanStillWrite) {
    auto asked = shell("(setsid sh -c 'sleep 0.5; echo still here; exec sleep 49.1' &); echo started");
    asked.keep_stragglers = true;
    EXPECT_EQ(run(asked).tail, "started\n");
    for (int i = 0; i < 300 && log_of(asked) != "started\nstill here\n"; ++i) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_EQ(log_of(asked), "started\nstill here\n");
    auto left = sleeping("49.1");  // it speaks just before it becomes 'sleep'
    for (int i = 0; i < 300 && left.empty(); ++i, left = sleeping("49.1")) std::this_thread::sleep_for(milliseconds(10));
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(processes_->recorded(asked.record)->state, RecordState::finished);
    ASSERT_TRUE(processes_->settle(asked.record, true, milliseconds(0)));
    EXPECT_EQ(sleeping("49.1").size(), 1U) << "a kept daemon is not ours to end";
    ::kill(left[0], SIGKILL);
}

TEST_F(ProcessTest, AScriptThatKillsItsGroupLeavesTheShimAlone) {
    const auto outcome = run(shell("echo before; kill -9 0; echo never"));
    EXPECT_EQ(outcome.signal, SIGKILL);
    EXPECT_EQ(outcome.tail, "before\n");
}

TEST_F(ProcessTest, OutputOverTheLimitIsDroppedNotWaitedFor) {
    auto asked = shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 5");
    asked.output_limit = 1000;
    EXPECT_EQ(run(asked).exit_code, 5);
    EXPECT_EQ(log_of(asked), std::string(1000, 'x'));
}

TEST_F(ProcessTest, TheTailIsTheEndOfTheLog) {
    const auto outcome = run(shell("seq 1 5000"));
    EXPECT_EQ(outcome.tail.size(), 4096U);
    EXPECT_TRUE(outcome.tail.ends_with("4999\n5000\n"));
}

TEST_F(ProcessTest, SecretsAreMaskedAlsoWhenSplitOverWrites) {
    auto asked = shell(
        "printf 'a s3cr3'; sleep 0.2; printf 't-value b'; sleep 0.1; printf ' s3cr3'; sleep 0.1; printf 'X '; printf %s "
        "s3cret-value | base64");
    asked.masked = {"s3cr3t-value", "s3cret-value"};
    const auto outcome = run(asked);
    EXPECT_EQ(log_of(asked).find("s3cr3t-value"), std::string::npos);
    EXPECT_TRUE(log_of(asked).starts_with("a *** b s3cr3X ***")) << log_of(asked);
    EXPECT_EQ(outcome.tail, log_of(asked));
}

TEST_F(ProcessTest, NothingSecretIsInArgvOrInFiles) {
    auto asked = shell("sleep 0.7; env | grep -c ^TOKEN=; cat");
    asked.env["TOKEN"] = "CANARY-in-environment";
    asked.input = "CANARY-in-input";
    asked.masked = {"CANARY-in-environment", "CANARY-in-input"};
    std::thread other([&] { run(asked); });
    for (int i = 0; i < 200 && !std::filesystem::exists(asked.record / "started.json"); ++i)
        std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(commands_matching("CANARY-").empty());
    other.join();
    EXPECT_EQ(log_of(asked), "1\n***");
    for (const auto& entry : std::filesystem::directory_iterator(asked.record))
        EXPECT_EQ(content_of(entry.path()).find("CANARY-"), std::string::npos) << entry.path();
}

TEST_F(ProcessTest, ARecordIsUsedAgainWithoutTheOldResult) {
    auto asked = shell("exit 3");
    run(asked);
    asked.argv = {"/bin/sh", "-c", "echo second"};
    EXPECT_TRUE(run(asked).ok());
    EXPECT_EQ(log_of(asked), "second\n");
    EXPECT_EQ(processes_->recorded(asked.record)->outcome.exit_code, 0);
}

TEST_F(ProcessTest, TwoRunsInOneRecordAreRefused) {
    const auto asked = shell("sleep 1");
    std::thread first([&] { run(asked); });
    for (int i = 0; i < 200 && !std::filesystem::exists(asked.record / "started.json"); ++i)
        std::this_thread::sleep_for(milliseconds(5));
    const auto second = processes_->run(asked);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::conflict);
    first.join();
    EXPECT_EQ(processes_->recorded(asked.record)->state, RecordState::finished);
}

TEST_F(ProcessTest, RunsSideBySideDontMeet) {
    std::vector<std::thread> threads;
    std::vector<Command> asked;
    for (int i = 0; i < 16; ++i) asked.push_back(shell("echo " + std::to_string(i) + "; exit " + std::to_string(i)));
    std::vector<int> codes(asked.size(), -1);
    for (std::size_t i = 0; i < asked.size(); ++i)
        threads.emplace_back([&, i] { codes[i] = processes_->run(asked[i])->exit_code; });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(codes[i], static_cast<int>(i));
        EXPECT_EQ(log_of(asked[i]), std::to_string(i) + "\n");
    }
}

TEST_F(ProcessTest, DurableResultsLookTheSame) {
    auto asked = shell("echo migrated; exit 4");
    asked.durable_result = true;
    EXPECT_EQ(run(asked).exit_code, 4);
    const auto recorded = processes_->recorded(asked.record);
    ASSERT_TRUE(recorded);
    EXPECT_EQ(recorded->state, RecordState::finished);
    EXPECT_EQ(recorded->outcome.exit_code, 4);
    EXPECT_EQ(recorded->outcome.tail, "migrated\n");
    EXPECT_FALSE(std::filesystem::exists(asked.record / "result.new"));
}

TEST_F(ProcessTest, ARecordThatOthersMayWriteIsRefused) {
    auto asked = command({"true"});
    std::filesystem::create_directories(asked.record);
    ::chmod(asked.record.c_str(), 0777);
    EXPECT_EQ(processes_->run(asked).error().code, Code::refused);
    asked = command({"true"});
    std::filesystem::create_directory_symlink("/tmp", asked.record);
    EXPECT_FALSE(processes_->run(asked));
    asked.record = "relative";
    EXPECT_EQ(processes_->run(asked).error().code, Code::bug);
}

TEST_F(ProcessTest, AMissingShimSaysWhereItBelongs) {
    const auto outcome = make_processes("/nonexistent/uprev-shim")->run(command({"true"}));
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().hint.find("libexec"), std::string::npos);
}

// Root becomes the user entirely; anybody else can only be himself, and is told so.
TEST_F(ProcessTest, TheUserIsBecomeWholly) {
    auto asked = shell("id -u; id -G; touch mine 2>/dev/null && echo wrote");
    asked.user = "nobody";
    asked.cwd = "/";
    if (::geteuid() != 0) {
        EXPECT_EQ(processes_->run(asked).error().code, Code::permission);
        asked.user = current_user().name;
        asked.argv = {"/bin/sh", "-c", "id -u"};
        EXPECT_EQ(run(asked).tail, std::to_string(::geteuid()) + "\n");
        return;
    }
    const auto nobody = *find_user("nobody");
    EXPECT_EQ(run(asked).tail, std::to_string(nobody.uid) + "\n" + std::to_string(nobody.gid) + "\n");
    asked = shell("kill -0 $PPID && echo may signal its shim; cat /proc/$PPID/environ; echo");
    asked.user = "nobody";
    EXPECT_EQ(run(asked).tail.find("may signal"), std::string::npos);
    asked.user = "uprev-no-such-user";
    EXPECT_EQ(processes_->run(asked).error().code, Code::not_found);
}

}  // namespace
}  // namespace uprev::os
