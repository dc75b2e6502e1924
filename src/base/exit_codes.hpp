// SPDX-License-Identifier: Apache-2.0
// The one table of exit codes: what each number means, and which error code or operation result leads to it.
// Numbers are part of the command line's contract: they are never given a new meaning.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

struct ExitRow {
    int exit;
    std::string_view word;     // the error code's or result's name
    std::string_view meaning;  // for --help, the man page and the documentation
    std::optional<Code> code;  // rows without one are reached by a result only
};

inline constexpr std::array exit_rows{
    ExitRow{0, "succeeded", "done; for `plan` and `check`: nothing stands in the way", std::nullopt},
    ExitRow{1, "failed", "a command or a check ran and failed", Code::failed},
    ExitRow{2, "invalid", "the command line, a file or a feed is wrong", Code::invalid},
    ExitRow{3, "refused", "policy, consent or a preflight finding says no; a flag or the operator can say yes", Code::refused},
    ExitRow{4, "untrusted", "the trust policy is not satisfied", Code::untrusted},
    ExitRow{5, "conflict", "another operation holds the lock, or facts have changed since", Code::conflict},
    ExitRow{6, "unavailable", "a server, the network or a tool did not answer; trying again may help", Code::unavailable},
    ExitRow{6, "timeout", "a limit expired before an answer came", Code::timeout},
    ExitRow{7, "not_found", "a named thing does not exist", Code::not_found},
    ExitRow{8, "permission", "the operating system says no", Code::permission},
    ExitRow{9, "exhausted", "not enough disk, memory or quota", Code::exhausted},
    ExitRow{10, "undone", "it failed and was put back as it was", std::nullopt},
    ExitRow{11, "needs_operator", "stopped in the safest serving state; the report lists the choices", Code::needs_operator},
    ExitRow{12, "degraded", "done, and good only after `uprev ack`", std::nullopt},
    ExitRow{13, "interrupted", "stopped half-way; the result is not known", Code::interrupted},
    ExitRow{13, "abandoned", "given up before anything changed", std::nullopt},
    ExitRow{14, "corrupt", "data is damaged or does not match its digest", Code::corrupt},
    ExitRow{70, "bug", "an invariant of uprev's own broke; please report it", Code::bug},
};

constexpr int exit_code(Code code) {
    for (const auto& row : exit_rows)
        if (row.code == code) return row.exit;
    return 70;
}

// `result` is an operation's result: succeeded, degraded, undone, abandoned, refused, needs_operator. Unknown words give 70.
constexpr int exit_code_of_result(std::string_view result) {
    for (const auto& row : exit_rows)
        if (row.word == result) return row.exit;
    return 70;
}

}  // namespace uprev
