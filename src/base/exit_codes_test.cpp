// SPDX-License-Identifier: Apache-2.0
#include "base/exit_codes.hpp"

#include <gtest/gtest.h>

#include <map>

namespace uprev {
namespace {

TEST(ExitCodes, EveryCodeHasItsContractedNumber) {
    const std::map<Code, int> contract{
        {Code::invalid, 2},      {Code::refused, 3},   {Code::untrusted, 4},       {Code::conflict, 5},  {Code::unavailable, 6},
        {Code::timeout, 6},      {Code::not_found, 7}, {Code::permission, 8},      {Code::exhausted, 9}, {Code::failed, 1},
        {Code::interrupted, 13}, {Code::corrupt, 14},  {Code::needs_operator, 11}, {Code::bug, 70}};
    ASSERT_EQ(contract.size(), static_cast<std::size_t>(Code::bug) + 1);
    for (const auto& [code, number] : contract) EXPECT_EQ(exit_code(code), number) << code_name(code);
}

TEST(ExitCodes, EveryResultHasItsContractedNumber) {
    const std::map<std::string_view, int> contract{{"succeeded", 0},  {"degraded", 12}, {"undone", 10},
                                                   {"abandoned", 13}, {"refused", 3},   {"needs_operator", 11}};
    for (const auto& [result, number] : contract) EXPECT_EQ(exit_code_of_result(result), number) << result;
    EXPECT_EQ(exit_code_of_result("no such result"), 70);
}

TEST(ExitCodes, RowsOfCodesCarryTheCodesOwnName) {
    for (const auto& row : exit_rows) {
        if (row.code) {
            EXPECT_EQ(row.word, code_name(*row.code));
        }
    }
}

}  // namespace
}  // namespace uprev
