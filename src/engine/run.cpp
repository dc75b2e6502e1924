// SPDX-License-Identifier: Apache-2.0
#include "engine/run.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "engine/patience.hpp"
#include "engine/remarks.hpp"
#include "engine/safe_state.hpp"
#include "engine/verdict.hpp"

namespace uprev {

namespace {

// One run of one operation. Holds what the journal says about each step, and keeps it in step with what is written.
class Loop {
   public:
    Loop(const StepTable& table, Journal& journal, Ports& ports, const Operation& operation, const EngineHooks& hooks, Plan plan,
         Pinned pinned)
        : table_(table),
          journal_(journal),
          ports_(ports),
          operation_(operation),
          hooks_(hooks),
          plan_(std::move(plan)),
          pinned_(std::move(pinned)),
          verdict_(operation.verdict) {}

    Result<RunOutcome> run() {
        for (auto& record : TRY(journal_.steps(operation_.id))) records_[record.id] = std::move(record);
        recovering_ = !records_.empty();
        remarks_ = remarks_of(plan_, records_);  // what was skipped before a crash is remarked after it too
        TRY_VOID(knows_all(table_, plan_, operation_.uprev_version));
        if (operation_.direction == Direction::back) return back();
        if (hooks_.go_back) return given_up();
        if (const auto* step = failed_before(); step != nullptr) {
            if (plan_.past_point(*step)) return stopped(why_);
            return back();
        }
        if (recovering_ && !reached_disruption() && !crossed_point()) {
            why_ =
                fail(Code::interrupted, "uprev was stopped before anything that users see had changed", "run the command again");
            return back();
        }
        return forward();
    }

   private:
    // The step whose intent shares the commit of the outcome before it; null: there is none.
    using Next = std::function<const PlannedStep*()>;

    StepStatus status(std::string_view id) const {
        const auto found = records_.find(std::string(id));
        return found == records_.end() ? StepStatus::pending : found->second.status;
    }

    StepContext context(const PlannedStep* step) {
        StepContext c{pinned_, plan_, ports_, journal_, operation_.id, verdict_, {}, {}, {}, {}, 1};
        c.cancelled = [this, step] {
            return direction_ == Direction::forward && (step == nullptr || !plan_.past_point(*step)) && hooks_.cancelled();
        };
        c.say = [this, step](const std::string& line) {
            if (step != nullptr) hooks_.say(*step, line);
        };
        c.outputs = [this](std::string_view id) {
            const std::lock_guard guard(mutex_);
            const auto found = records_.find(std::string(id));
            return found == records_.end() ? Json() : found->second.outputs;
        };
        c.status = [this](std::string_view id) {
            const std::lock_guard guard(mutex_);
            return status(id);
        };
        if (step != nullptr)
            c.attempt = std::max(recovering_ || again_.count(step->id) != 0 ? 2 : 1, records_[step->id].attempts);
        return c;
    }

    template <typename Which>
    bool begun(const Which& which) const {
        return std::any_of(plan_.steps.begin(), plan_.steps.end(),
                           [&](const auto& step) { return which(step) && status(step.id) != StepStatus::pending; });
    }
    bool reached_disruption() const {
        return begun([this](const auto& step) { return plan_.index(step.id) >= plan_.first_disruptive(); });
    }
    bool crossed_point() const {
        return begun([this](const auto& step) { return plan_.past_point(step); });
    }

    void set(const PlannedStep& step, StepStatus status, const Error* error = nullptr) {
        {
            const std::lock_guard guard(mutex_);
            records_[step.id].id = step.id;
            records_[step.id].status = status;
        }
        hooks_.event({&step, status, error});
    }

    Result<> intend(const PlannedStep& step, StepStatus as) {
        TRY_VOID(journal_.begin(operation_.id, {step.id}, as));
        if (status_locked(step.id) != StepStatus::failed) ++records_[step.id].attempts;
        set(step, as);
        return {};
    }

    // The journal holds the intent, written together with something else; `alone` performs it.
    void intended(const PlannedStep& step) {
        {
            const std::lock_guard guard(mutex_);
            begun_.insert(step.id);
            ++records_[step.id].attempts;
        }
        set(step, StepStatus::doing);
    }

    bool take_begun(const PlannedStep& step) {
        const std::lock_guard guard(mutex_);
        return begun_.erase(step.id) > 0;
    }

    Result<RunOutcome> forward() {
        for (std::size_t i = 0; i < plan_.steps.size();) {
            const auto& step = plan_.steps[i];
            const auto now = status(step.id);
            if (now == StepStatus::done || now == StepStatus::skipped) {
                ++i;
                continue;
            }
            if (!plan_.past_point(step) && hooks_.cancelled()) {
                why_ = fail(Code::interrupted, "stopped on request before '" + step.title + "'");
                return back();
            }
            const auto end = group_end(i);
            auto done = end - i > 1 ? together(i, end) : alone(step, [&] { return follower(step); });
            if (!done) {
                why_ = done.error();
                const auto* culprit = plan_.find(failed_step_);  // of steps side by side, not always the first
                const auto& at = culprit == nullptr ? step : *culprit;
                if (plan_.past_point(at) || stay_or_lose(at)) return after_point(at);
                return back();
            }
            i = end;
        }
        return succeeded();
    }

    // The machine is in trouble, and going back may cost writes or a person's night: then it is worth waiting, or stopping half-way.
    bool stay_or_lose(const PlannedStep& step) {
        if (!passes(why_) || find_kind(table_, step.kind)->step_class == StepClass::once) return false;
        auto c = context(nullptr);
        return may_cost(decide(c));
    }

    // A crash, or a machine in trouble, came between the failure and the way back that it asks for. Null: none, or one to try again.
    const PlannedStep* failed_before() {
        for (const auto& step : plan_.steps) {
            if (status(step.id) != StepStatus::failed) continue;
            why_ = error_from_json(records_[step.id].error);
            const bool once = find_kind(table_, step.kind)->step_class == StepClass::once;
            if (!once && (plan_.past_point(step) || stay_or_lose(step))) return nullptr;
            failed_step_ = step.id;
            return &step;
        }
        return nullptr;
    }

    Result<RunOutcome> given_up() {
        if (crossed_point()) return no_way_back(operation_, plan_);
        why_ = fail(Code::interrupted, "given up on request");
        return back();
    }

    std::size_t group_end(std::size_t i) const {
        std::size_t end = i + 1;
        if (!plan_.steps[i].parallel || pinned_.site.parallel < 2) return end;
        while (end < plan_.steps.size() && plan_.steps[end].parallel && plan_.steps[end].kind == plan_.steps[i].kind) ++end;
        return end;
    }

    // Performs one step, as often as its class allows after a crash.
    Result<> alone(const PlannedStep& step, const Next& next) {
        const auto& kind = *find_kind(table_, step.kind);
        if (step.phase >= Phase::quiesce && !disrupting_) {
            disrupting_ = true;
            hooks_.before_disruption();
        }
        if (take_begun(step)) return perform(kind, step, next);
        if (status(step.id) == StepStatus::doing) {
            auto settled = after_crash(kind, step);
            if (!settled) return failed(step, std::move(settled).error());
            if (*settled) return {};
        }
        auto begun = intend(step, StepStatus::doing);
        if (!begun) return std::move(begun).error();
        return perform(kind, step, next);
    }

    // A release whose start takes the machine down would otherwise be started at every boot, for ever.
    Result<bool> again(const PlannedStep& step) {
        if (records_[step.id].attempts < attempts_at_most || plan_.past_point(step)) return false;
        return fail(Code::interrupted, "'" + step.title + "' was cut off " + std::to_string(attempts_at_most) + " times");
    }

    // True: nothing more to do for this step. False: perform it (again).
    Result<bool> after_crash(const StepKind& kind, const PlannedStep& step) {
        auto c = context(&step);
        switch (kind.step_class) {
            case StepClass::best_effort: {
                const auto why = fail(Code::interrupted, "it was cut off");
                TRY_VOID(journal_.end(operation_.id, {step.id, StepStatus::skipped, {}, error_json(why)}));
                remarks_.push_back(remark(step, why.text()));
                set(step, StepStatus::skipped);
                return true;
            }
            case StepClass::repeatable:
                return again(step);
            case StepClass::observed:
            case StepClass::once:
                break;
        }
        const auto seen = TRY(kind.observe(c, step));
        if (seen == Observation::not_done) return again(step);
        if (seen != Observation::done)
            return fail(Code::interrupted, "'" + step.title + "' was cut off and its outcome is unknown",
                        "see 'uprev logs " + step.id + "'");
        TRY_VOID(journal_.end(operation_.id, {step.id, StepStatus::done, {}, {}}));
        set(step, StepStatus::done);
        return true;
    }

    Result<> perform(const StepKind& kind, const PlannedStep& step, const Next& next_of) {
        auto c = context(&step);
        Result<Json> done = fail(Code::bug, "not performed");
        try {
            done = kind.perform(c, step);
        } catch (const std::exception& e) {
            done =
                fail(Code::bug, "an exception reached the boundary of step '" + step.id + "': " + e.what(), "please report this");
        }
        if (!done && kind.step_class == StepClass::best_effort) {
            remarks_.push_back(remark(step, done.error().text()));
            TRY_VOID(journal_.end(operation_.id, {step.id, StepStatus::skipped, {}, error_json(done.error())}));
            set(step, StepStatus::skipped, &done.error());
            return {};
        }
        if (!done) return failed(step, std::move(done).error());
        {
            const std::lock_guard guard(mutex_);
            records_[step.id].outputs = *done;
        }
        const auto* next = next_of();
        TRY_VOID(journal_.end(operation_.id, {step.id, StepStatus::done, std::move(*done), {}},
                              next == nullptr ? std::vector<std::string>{} : std::vector{next->id}));
        set(step, StepStatus::done);
        if (next != nullptr) intended(*next);
        return {};
    }

    // The next in line, unless it runs side by side with others.
    const PlannedStep* follower(const PlannedStep& step) {
        const auto next = plan_.index(step.id) + 1;
        if (next >= plan_.steps.size() || group_end(next) - next > 1 || hooks_.cancelled()) return nullptr;
        return status_locked(plan_.steps[next].id) == StepStatus::pending ? &plan_.steps[next] : nullptr;
    }

    Error failed(const PlannedStep& step, Error error) {
        const std::lock_guard guard(failing_);
        auto written = journal_.end(operation_.id, {step.id, StepStatus::failed, {}, error_json(error)});
        if (!written) return std::move(written).error();
        if (failed_step_.empty()) failed_step_ = step.id;
        set(step, StepStatus::failed, &error);
        return error;
    }

    // Parallel neighbours: at most `parallel` at a time; the first failure lets the running ones end and starts no more.
    Result<> together(std::size_t begin, std::size_t end) {
        std::atomic<std::size_t> at{begin};
        std::atomic<bool> broken{false};
        std::mutex guard;
        Result<> out;
        const auto take = [&]() -> const PlannedStep* {
            for (std::size_t i = at++; i < end && !broken; i = at++)
                if (const auto now = status_locked(plan_.steps[i].id); now != StepStatus::done && now != StepStatus::skipped)
                    return &plan_.steps[i];
            return nullptr;
        };
        const auto worker = [&](const PlannedStep* step) {
            while (step != nullptr) {
                if (broken) return leave(*step);
                const PlannedStep* next = nullptr;
                auto done = alone(*step, [&] {
                    next = take();
                    return next != nullptr && status_locked(next->id) == StepStatus::pending ? next : nullptr;
                });
                if (!done) {
                    const std::lock_guard lock(guard);
                    if (!broken.exchange(true)) out = std::move(done);
                    return;
                }
                step = next != nullptr ? next : take();
            }
        };
        for (std::size_t i = begin; i < end; ++i) (void)records_[plan_.steps[i].id];  // no insertion while threads run
        std::vector<const PlannedStep*> first;
        while (first.size() < pinned_.site.parallel)
            if (const auto* step = take(); step != nullptr)
                first.push_back(step);
            else
                break;
        TRY_VOID(intend_all(first));
        std::vector<std::jthread> threads;
        for (const auto* step : first) threads.emplace_back(worker, step);
        threads.clear();
        return out;
    }

    // One commit for those that start at once.
    Result<> intend_all(const std::vector<const PlannedStep*>& steps) {
        std::vector<std::string> fresh;
        for (const auto* step : steps)
            if (status(step->id) == StepStatus::pending) fresh.push_back(step->id);
        if (fresh.empty()) return {};
        TRY_VOID(journal_.begin(operation_.id, fresh));
        for (const auto& id : fresh) intended(*plan_.find(id));
        return {};
    }

    // Its intent was written with a neighbour's outcome, but it has not started, and another neighbour failed meanwhile.
    void leave(const PlannedStep& step) {
        if (!take_begun(step)) return;
        if (journal_.end(operation_.id, {step.id, StepStatus::pending, {}, {}})) set(step, StepStatus::pending);
    }

    StepStatus status_locked(const std::string& id) {
        const std::lock_guard guard(mutex_);
        return status(id);
    }

    Result<RunOutcome> after_point(const PlannedStep& step) {
        const auto& kind = *find_kind(table_, step.kind);
        if (kind.step_class == StepClass::once) {
            // It did its work and only the record of it found no room: recovery sees what became of it.
            if (status(step.id) == StepStatus::doing && passes(why_)) return halt(why_, &step);
            return stopped(why_);
        }
        again_.insert(step.id);
        auto done = tried(&step, [&]() -> Result<> {
            if (!plan_.past_point(step) && hooks_.cancelled()) return fail(Code::needs_operator, "stopped on request");
            TRY_VOID(intend(step, StepStatus::doing));
            return perform(kind, step, [&] { return follower(step); });
        });
        if (done) return forward();
        if (done.error().code != Code::needs_operator) why_ = done.error();
        if (passes(why_) && !hooks_.cancelled()) return halt(why_, &step);
        if (!plan_.past_point(step)) return back();
        return stopped(why_);
    }

    // Half-way, unless somebody waits with a decision. Forward past the point no release may go on serving that can't read what is there.
    Result<RunOutcome> halt(const Error& error, const PlannedStep* forward) {
        if (hooks_.decides || hooks_.go_back) return stopped(error);
        auto c = context(nullptr);
        if (forward != nullptr && plan_.past_point(*forward)) (void)enter_safe_state(c, false);
        return half_way(operation_, error);
    }

    Result<> tried(const PlannedStep* step, const std::function<Result<>()>& what) {
        return patiently(*ports_.clock, pinned_.site.undo_limit, what, [&](const Error& e) {
            if (step != nullptr) hooks_.say(*step, "tries on: " + e.text());
        });
    }

    Result<RunOutcome> back() {
        if (direction_ != Direction::back || verdict_.is_null()) {
            auto turned = tried(nullptr, [&] { return turn(); });
            if (!turned) return halt(turned.error(), nullptr);
        }
        const auto verdict = data_verdict(verdict_.value("data", "needs_operator"));
        if (verdict == DataVerdict::needs_operator) {
            auto why = why_;
            why.hint = verdict_.value("reason", "") + "; see 'uprev status' for the choices";
            return stopped(why);
        }
        for (std::size_t i = plan_.steps.size(); i-- > 0;) {
            const auto& step = plan_.steps[i];
            const auto now = status(step.id);
            if (now == StepStatus::pending || now == StepStatus::undone || now == StepStatus::skipped) continue;
            auto undone = undo(step);
            if (undone) continue;
            auto error = std::move(undone).error();
            if (passes(error)) {
                // Best effort: on a full disk there is no room for it.
                (void)journal_.end(operation_.id, {step.id, StepStatus::undoing, {}, error_json(error)}).has_value();
                return halt(error, nullptr);
            }
            return stopped(error);
        }
        return went_back();
    }

    // The change of direction, and how the databases are treated, is one journal write.
    Result<> turn() {
        if (why_.message.empty()) why_ = fail(Code::interrupted, "the operation was going back when uprev was stopped");
        direction_ = Direction::back;
        if (!verdict_.is_null()) return {};
        auto c = context(nullptr);
        auto verdict = decide(c);
        if (!verdict) return std::move(verdict).error();
        Json written = {
            {"data", word(verdict->data)}, {"reason", verdict->reason}, {"because", error_json(why_)}, {"step", failed_step_}};
        TRY_VOID(journal_.set_direction(operation_.id, Direction::back, written));
        verdict_ = std::move(written);
        return {};
    }

    Result<> undo(const PlannedStep& step) {
        const auto& kind = *find_kind(table_, step.kind);
        if (kind.undo == nullptr || step.undo.empty()) return {};
        if (!disrupting_ && step.phase >= Phase::quiesce) {
            disrupting_ = true;
            hooks_.before_disruption();
        }
        auto done = tried(&step, [&]() -> Result<> {
            TRY_VOID(intend(step, StepStatus::undoing));
            auto c = context(&step);
            return kind.undo(c, step);
        });
        if (!done) return std::move(done).within("undoing '" + step.title + "'");
        TRY_VOID(journal_.end(operation_.id, {step.id, StepStatus::undone, {}, {}}));
        set(step, StepStatus::undone);
        return {};
    }

    RunOutcome succeeded() {
        return {remarks_.empty() ? OperationResult::succeeded : OperationResult::degraded, {}, {}, remarks_};
    }

    RunOutcome went_back() {
        recall_reason();
        // A compatible migration is no disruption, but not nothing either: its schema stays.
        const bool migrated = begun([](const auto& step) { return step.kind == "migrate.run"; });
        const auto result = reached_disruption() || migrated ? OperationResult::undone : OperationResult::abandoned;
        return {result, why_, failed_step_, remarks_};
    }

    RunOutcome stopped(const Error& error) {
        recall_reason();
        if (why_.message.empty()) why_ = error;
        auto c = context(nullptr);
        for (auto& remark : enter_safe_state(c)) remarks_.push_back(std::move(remark));
        Error shown = error;
        if (error.text() != why_.text()) shown.message = why_.text() + "; then " + error.text();
        shown.context.clear();
        shown.code = Code::needs_operator;
        return {OperationResult::needs_operator, shown, failed_step_, remarks_};
    }

    // After a crash the reason for going back is what the verdict recorded.
    void recall_reason() {
        if (!verdict_.is_object() || !verdict_.contains("because") || !recovering_) return;
        why_ = error_from_json(verdict_["because"]);
        failed_step_ = verdict_.value("step", failed_step_);
    }

    const StepTable& table_;
    Journal& journal_;
    Ports& ports_;
    const Operation& operation_;
    const EngineHooks& hooks_;
    Plan plan_;
    Pinned pinned_;
    Json verdict_;
    std::map<std::string, StepRecord> records_;
    std::set<std::string> again_;  // tried again in this life
    std::set<std::string> begun_;  // intended in the commit that ended the step before; not yet performed
    std::mutex mutex_;
    std::mutex failing_;
    Direction direction_ = Direction::forward;
    bool recovering_ = false;
    std::atomic<bool> disrupting_{false};
    Error why_;
    std::string failed_step_;
    std::vector<std::string> remarks_;
};

}  // namespace

Result<RunOutcome> Engine::run(const Operation& operation, const EngineHooks& hooks) {
    auto plan = TRY(plan_from_json(operation.plan));
    auto pinned = TRY(pinned_from_json(operation.pinned));
    Loop loop(table_, journal_, ports_, operation, hooks, std::move(plan), std::move(pinned));
    return loop.run();
}

}  // namespace uprev
