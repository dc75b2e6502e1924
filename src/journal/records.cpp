// SPDX-License-Identifier: Apache-2.0
#include "journal/records.hpp"

#include <array>
#include <utility>

namespace uprev {

namespace {
template <typename T, std::size_t N>
using Words = std::array<std::pair<T, std::string_view>, N>;

constexpr Words<OperationResult, 7> results{{{OperationResult::none, ""},
                                             {OperationResult::succeeded, "succeeded"},
                                             {OperationResult::degraded, "degraded"},
                                             {OperationResult::undone, "undone"},
                                             {OperationResult::abandoned, "abandoned"},
                                             {OperationResult::refused, "refused"},
                                             {OperationResult::needs_operator, "needs_operator"}}};
constexpr Words<StepStatus, 7> statuses{{{StepStatus::pending, "pending"},
                                         {StepStatus::doing, "doing"},
                                         {StepStatus::done, "done"},
                                         {StepStatus::failed, "failed"},
                                         {StepStatus::skipped, "skipped"},
                                         {StepStatus::undoing, "undoing"},
                                         {StepStatus::undone, "undone"}}};
constexpr Words<GenerationState, 5> states{{{GenerationState::candidate, "candidate"},
                                            {GenerationState::good, "good"},
                                            {GenerationState::degraded, "degraded"},
                                            {GenerationState::failed, "failed"},
                                            {GenerationState::superseded, "superseded"}}};

template <typename T, std::size_t N>
std::string_view word_of(const Words<T, N>& words, T value) {
    for (const auto& [known, text] : words)
        if (known == value) return text;
    return "";
}

template <typename T, std::size_t N>
T value_of(const Words<T, N>& words, std::string_view text) {
    for (const auto& [known, name] : words)
        if (name == text) return known;
    return words[0].first;
}
}  // namespace

std::string_view word(Direction direction) { return direction == Direction::forward ? "forward" : "back"; }
std::string_view word(OperationResult result) { return word_of(results, result); }
std::string_view word(StepStatus status) { return word_of(statuses, status); }
std::string_view word(GenerationState state) { return word_of(states, state); }
OperationResult operation_result(std::string_view text) { return value_of(results, text); }
StepStatus step_status(std::string_view text) { return value_of(statuses, text); }
GenerationState generation_state(std::string_view text) { return value_of(states, text); }

}  // namespace uprev
