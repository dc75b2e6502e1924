// SPDX-License-Identifier: Apache-2.0
// The crash matrix in the simulator: every change that uprev makes, killed before, killed after, and power lost with what was not synced.
// needs_operator is legal at the points in tests/golden/needs_operator.txt only, so that it can't become the universal pass.
// UPREV_DEPTH=deep adds every pair of kills; otherwise a seeded choice. UPREV_ACCEPT=1 rewrites the golden file.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <set>

#include "crash/run.hpp"

namespace uprev::sim {

namespace {
std::string golden_file() { return std::string(UPREV_GOLDEN) + "/needs_operator.txt"; }

std::set<std::string> golden() {
    std::set<std::string> out;
    std::ifstream in(golden_file());
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line[0] != '#') out.insert(line);
    return out;
}

bool deep() {
    const char* depth = std::getenv("UPREV_DEPTH");
    return depth != nullptr && std::string(depth) == "deep";
}

std::string describe(const Scenario& s, std::size_t at, Cut cut, const std::string& label) { return s.name + " | " + std::to_string(at) + " " + std::string(word(cut)) + " | " + label; }

constexpr Cut cuts[] = {Cut::before, Cut::after, Cut::dropped};
}  // namespace

TEST(CrashMatrix, NobodyKills) {
    for (const auto& s : scenarios()) {
        const auto v = run(s, {}, {});
        EXPECT_EQ(v.result, s.expected) << s.name;
        EXPECT_TRUE(v.wrong.empty()) << s.name << ": " << (v.wrong.empty() ? "" : v.wrong.front());
        EXPECT_GT(v.labels.size(), s.kind == Kind::upgrade ? 20U : 10U) << s.name;
    }
}

TEST(CrashMatrix, EveryPoint) {
    std::size_t points = 0;
    std::size_t wrong = 0;
    std::set<std::string> operators;
    for (const auto& s : scenarios()) {
        const auto total = run(s, {}, {}).labels.size();
        for (std::size_t at = 1; at <= total; ++at)
            for (const auto cut : cuts) {
                const auto v = run(s, {at, cut}, {});
                ++points;
                for (const auto& line : v.wrong) {
                    ADD_FAILURE() << describe(s, at, cut, v.point) << " -> " << v.result << ": " << line;
                    ++wrong;
                }
                if (v.result == "needs_operator") operators.insert(s.name + " | " + std::string(word(cut)) + " | " + v.point);
            }
    }
    if (std::getenv("UPREV_ACCEPT") != nullptr) {
        std::ofstream out(golden_file());
        out << "# Where a crash may end in needs_operator: scenario | cut | change. Written by UPREV_ACCEPT=1; read each new line before keeping it.\n";
        for (const auto& line : operators) out << line << "\n";
    }
    const auto legal = golden();
    for (const auto& line : operators) EXPECT_TRUE(legal.count(line) != 0) << "needs_operator where it is not legal: " << line;
    for (const auto& line : legal) EXPECT_TRUE(operators.count(line) != 0) << "the golden file lists a point that no longer ends in needs_operator: " << line;
    std::cout << "crash points: " << points << ", violations: " << wrong << ", needs_operator: " << operators.size() << "\n";
}

TEST(CrashMatrix, KilledTwice) {
    std::size_t pairs = 0;
    std::size_t wrong = 0;
    const std::size_t budget = deep() ? SIZE_MAX : 400;
    std::mt19937 random(20261121);  // NOLINT: the same choice in every run
    for (const auto& s : scenarios()) {
        const auto total = run(s, {}, {}).labels.size();
        std::vector<Kill> firsts;
        for (std::size_t at = 1; at <= total; ++at)
            for (const auto cut : cuts) firsts.push_back({at, cut});
        std::shuffle(firsts.begin(), firsts.end(), random);
        std::size_t spent = 0;
        for (const auto& first : firsts) {
            const auto length = run(s, first, {}).recovery_changes;
            for (std::size_t at = deep() ? 1 : 1 + random() % 3; at <= length && spent < budget / scenarios().size() + 1; at += deep() ? 1 : 3) {
                const Kill second{at, cuts[random() % 3]};
                const auto v = run(s, first, second);
                ++pairs;
                ++spent;
                for (const auto& line : v.wrong) {
                    ADD_FAILURE() << describe(s, first.at, first.cut, v.point) << ", then " << second.at << " " << word(second.cut) << " -> " << v.result << ": " << line;
                    ++wrong;
                }
            }
            if (!deep() && spent > budget / scenarios().size()) break;
        }
    }
    std::cout << "pairs of crash points: " << pairs << ", violations: " << wrong << "\n";
}

}  // namespace uprev::sim
