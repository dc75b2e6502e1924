// SPDX-License-Identifier: Apache-2.0
// The crash matrix in the simulator: every change that uprev makes, killed before, killed after, and power lost with what was not synced.
// Outages are points too: a part of the machine refuses to work from there on, until uprev is started anew.
// needs_operator is legal at the points in tests/golden/needs_operator.txt only, so that it can't become the universal pass.
// UPREV_DEPTH=deep adds every pair of kills; otherwise a seeded choice. UPREV_ACCEPT=1 rewrites the golden file.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
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

std::string describe(const Scenario& s, std::size_t at, Cut cut, const std::string& label) {
    return s.name + " | " + std::to_string(at) + " " + std::string(word(cut)) + " | " + label;
}

constexpr Cut cuts[] = {Cut::before, Cut::after, Cut::dropped};
constexpr Cut outages[] = {Cut::no_database, Cut::no_services, Cut::disk_full};
}  // namespace

TEST(CrashMatrix, NobodyKills) {
    for (const auto& s : scenarios()) {
        const auto v = run(s, {}, {});
        EXPECT_EQ(v.result, s.expected) << s.name;
        EXPECT_TRUE(v.wrong.empty()) << s.name << ": " << (v.wrong.empty() ? "" : v.wrong.front());
        EXPECT_GT(v.labels.size(), s.kind == Kind::upgrade ? 20U : 10U) << s.name;
    }
}

namespace {
struct Points {
    std::size_t count = 0;
    std::size_t wrong = 0;
    std::set<std::string> operators;

    void one(const Scenario& s, std::size_t at, Cut cut) {
        const auto v = run(s, {at, cut}, {});
        ++count;
        for (const auto& line : v.wrong) {
            ADD_FAILURE() << describe(s, at, cut, v.point) << " -> " << v.result << ": " << line;
            ++wrong;
        }
        if (v.result == "needs_operator") operators.insert(s.name + " | " + std::string(word(cut)) + " | " + v.point);
    }
};
}  // namespace

TEST(CrashMatrix, EveryPoint) {
    Points points;
    Points outs;
    for (const auto& s : scenarios()) {
        const auto total = run(s, {}, {}).labels.size();
        for (std::size_t at = 1; at <= total; ++at) {
            for (const auto cut : cuts) points.one(s, at, cut);
            for (const auto cut : outages) outs.one(s, at, cut);
        }
    }
    auto operators = points.operators;
    operators.insert(outs.operators.begin(), outs.operators.end());
    if (std::getenv("UPREV_ACCEPT") != nullptr) {
        std::ofstream out(golden_file());
        out << "# Where a crash or an outage may end in needs_operator: scenario | cut | change. Written by UPREV_ACCEPT=1; read "
               "each new "
               "line before keeping it.\n";
        for (const auto& line : operators) out << line << "\n";
    }
    const auto legal = golden();
    for (const auto& line : operators) EXPECT_TRUE(legal.count(line) != 0) << "needs_operator where it is not legal: " << line;
    for (const auto& line : legal)
        EXPECT_TRUE(operators.count(line) != 0)
            << "the golden file lists a point that no longer ends in needs_operator: " << line;
    std::cout << "crash points: " << points.count << ", violations: " << points.wrong
              << ", needs_operator: " << points.operators.size() << "\n"
              << "outages: " << outs.count << ", violations: " << outs.wrong << ", needs_operator: " << outs.operators.size()
              << "\n";
}

// Whatever stands half-way can be given up: it goes back, goes on where it is past the point, or asks.
TEST(CrashMatrix, GivenUpAfterAnOutage) {
    std::size_t points = 0;
    std::map<std::string, std::size_t> results;
    for (const auto& s : scenarios()) {
        if (s.kind != Kind::upgrade) continue;
        const auto total = run(s, {}, {}).labels.size();
        for (std::size_t at = 1; at <= total; ++at)
            for (const auto cut : {Cut::no_database, Cut::no_services}) {
                const auto v = run(s, {at, cut}, {}, true);
                ++points;
                ++results[v.result];
                for (const auto& line : v.wrong)
                    ADD_FAILURE() << describe(s, at, cut, v.point) << " -> " << v.result << ": " << line;
            }
    }
    std::cout << "given up after an outage: " << points;
    for (const auto& [result, count] : results) std::cout << ", " << result << ": " << count;
    std::cout << "\n";
}

namespace {
struct Pairs {
    std::size_t count = 0;
    std::size_t wrong = 0;

    void one(const Scenario& s, const Kill& first, const Kill& second) {
        const auto v = run(s, first, second);
        ++count;
        for (const auto& line : v.wrong) {
            ADD_FAILURE() << describe(s, first.at, first.cut, v.point) << ", then " << second.at << " " << word(second.cut)
                          << " -> " << v.result << ": " << line;
            ++wrong;
        }
    }
};

std::vector<Kill> kills_of(std::size_t points) {
    std::vector<Kill> out;
    for (std::size_t at = 1; at <= points; ++at)
        for (const auto cut : cuts) out.push_back({at, cut});
    return out;
}

std::vector<Kill> kills_and_outages_of(std::size_t points) {
    auto out = kills_of(points);
    for (std::size_t at = 1; at <= points; ++at)
        for (const auto cut : outages) out.push_back({at, cut});
    return out;
}

std::vector<Kill> firsts_of(const Scenario& s) { return kills_of(run(s, {}, {}).labels.size()); }

const Scenario& shortest() {
    const auto& all = scenarios();
    return *std::min_element(all.begin(), all.end(),
                             [](const auto& a, const auto& b) { return firsts_of(a).size() < firsts_of(b).size(); });
}
}  // namespace

// Of the shortest plan, or with UPREV_DEPTH=deep of all, every kill during every recovery.
TEST(CrashMatrix, EveryPair) {
    Pairs pairs;
    for (const auto& s : scenarios()) {
        if (!deep() && s.name != shortest().name) continue;
        for (const auto& first : firsts_of(s))
            for (const auto& second : kills_of(run(s, first, {}).recovery_changes)) pairs.one(s, first, second);
    }
    std::cout << "every pair of crash points: " << pairs.count << ", violations: " << pairs.wrong << "\n";
}

TEST(CrashMatrix, SeededPairs) {
    constexpr std::size_t budget = 2000;
    std::mt19937 random(20261121);  // NOLINT: the same choice in every run
    Pairs pairs;
    while (pairs.count < budget)
        for (const auto& s : scenarios()) {
            const auto firsts = kills_and_outages_of(run(s, {}, {}).labels.size());
            const auto& first = firsts[random() % firsts.size()];
            const auto seconds = kills_and_outages_of(run(s, first, {}).recovery_changes);
            // Three of each recovery: what the first kill left costs as much as the pair itself.
            for (int n = 0; n < 3 && !seconds.empty(); ++n) pairs.one(s, first, seconds[random() % seconds.size()]);
        }
    std::cout << "seeded pairs of crash points: " << pairs.count << ", violations: " << pairs.wrong << "\n";
}

}  // namespace uprev::sim
