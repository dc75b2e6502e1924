// SPDX-License-Identifier: Apache-2.0
#include "engine/patience.hpp"

namespace uprev {

bool passes(const Error& error) { return error.code == Code::unavailable || error.code == Code::exhausted; }

Result<> patiently(os::Clock& clock, os::Milliseconds limit, const std::function<Result<>()>& what,
                   const std::function<void(const Error&)>& told_once) {
    const auto end = clock.steady() + limit;
    for (int attempt = 1;; ++attempt) {
        auto done = what();
        if (done || done.error().code == Code::needs_operator) return done;
        if (passes(done.error()) ? clock.steady() >= end : attempt >= attempts_at_most) return done;
        if (attempt == attempts_at_most) told_once(done.error());
        clock.sleep(os::Milliseconds(attempt < attempts_at_most ? 500 : 2'000));
    }
}

Error no_way_back(const Operation& operation, const Plan& plan) {
    return fail(Code::refused,
                "the " + operation.kind + " to " + operation.to + " is past its point of no return: " + plan.point_reason,
                "'uprev resume' goes on");
}

Error half_way(const Operation& operation, Error error) {
    error.message = "the " + operation.kind + " to " + operation.to + " (" + operation.id + ") stands half-way: " + error.text();
    error.context.clear();
    error.hint = (error.hint.empty() ? "" : error.hint + "; ") +
                 "once that is mended, 'uprev resume' goes on from here ('uprev resume --back' gives up)";
    return error;
}

}  // namespace uprev
