// SPDX-License-Identifier: Apache-2.0
// Errors as values. Every function that can fail returns Result<T>; nothing of ours throws.
// An Error says what failed (message), why (context, outermost first when printed), and what to do next (hint).
// The closed Code enum decides exit code and retry class; see base/exit_codes.hpp.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace uprev {

enum class Code {
    invalid,      // the caller's input (file, flag, feed) is wrong
    not_found,    // a named thing does not exist
    conflict,     // somebody else holds it, or facts have changed since
    untrusted,    // trust policy not satisfied
    timeout,      // a limit expired; whether it happened is unknown
    unavailable,  // a server, network or tool did not answer; trying again may help
    corrupt,      // data is damaged or does not match its digest
    refused,      // policy says no; a flag or the operator can say yes
    exhausted,    // disk, memory, quota
    permission,   // the operating system says no
    failed,       // a command or check ran and failed
    interrupted,  // stopped half-way; result unknown
    needs_operator,
    bug,  // an invariant of ours broke
};

// Shape: one stable snake_case word per Code, used in JSON and the journal.
std::string_view code_name(Code code);
Code code_from_name(std::string_view name);  // unknown names give Code::bug

struct Error {
    Code code = Code::bug;
    std::string message;               // lower case, no full stop: "cannot open '/x': permission denied"
    std::string hint;                  // next step for the operator; may be empty
    std::vector<std::string> context;  // innermost first: what we were doing

    Error() = default;
    Error(Code c, std::string m, std::string h = {}) : code(c), message(std::move(m)), hint(std::move(h)) {}

    Error&& within(std::string what) && {
        context.push_back(std::move(what));
        return std::move(*this);
    }
    // "outer: inner: message"; without the hint.
    [[nodiscard]] std::string text() const;
};

template <typename T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
   public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
    Result(Base base) : Base(std::move(base)) {}                   // NOLINT(google-explicit-constructor)

    // Adds what was being done to an error; passes a value through.
    Result within(std::string what) && {
        if (!this->has_value()) this->error().context.push_back(std::move(what));
        return std::move(*this);
    }
};

inline Error fail(Code code, std::string message, std::string hint = {}) {
    return Error(code, std::move(message), std::move(hint));
}

}  // namespace uprev

#define UPREV_CONCAT_(a, b) a##b
#define UPREV_CONCAT(a, b) UPREV_CONCAT_(a, b)

// Evaluates to the value, or returns the error from the enclosing function.
#define TRY(expression)                                                      \
    __extension__({                                                          \
        auto&& try_result_ = (expression);                                   \
        if (!try_result_.has_value()) return std::move(try_result_).error(); \
        std::move(*try_result_);                                             \
    })

// For Result<void>.
#define TRY_VOID(expression)                                                 \
    do {                                                                     \
        auto&& try_result_ = (expression);                                   \
        if (!try_result_.has_value()) return std::move(try_result_).error(); \
    } while (false)
