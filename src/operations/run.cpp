// SPDX-License-Identifier: Apache-2.0
#include "operations/run.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "adapters/notifier/make_notifier.hpp"
#include "adapters/probe/prober.hpp"
#include "engine/patience.hpp"
#include "engine/run.hpp"
#include "operations/choices.hpp"
#include "operations/events.hpp"
#include "operations/prepare.hpp"
#include "operations/report.hpp"
#include "operations/restore.hpp"
#include "os/identity.hpp"
#include "os/late_library.hpp"
#include "os/lock.hpp"
#include "os/worker.hpp"
#include "preflight/plugins.hpp"
#include "preflight/probe_values.hpp"
#include "steps/steps.hpp"

namespace uprev {

namespace {

std::string who() {
    const char* sudo = std::getenv("SUDO_USER");
    return sudo != nullptr && *sudo != '\0' ? std::string(sudo) + " (sudo)" : os::current_user().name;
}

// One worker's life around one or two operations: the one it recovers and the one it was started for.
class Worker {
   public:
    Worker(Session& session, const WorkOptions& options)
        : session_(session),
          options_(options),
          work_(session.state() / "ops" / options.operation),
          events_(work_ / "events.log", session.clock()) {}

    Result<Json> run() {
        TRY_VOID(load_libraries());
        auto lock = TRY(take_lock());
        const auto root = TRY(os::lock_folder(session_.site().root, "the installation's root"));
        session_.use_processes(os::make_processes({}, lock.descriptor()));
        journal_ = TRY(session_.journal());
        auto recovered = TRY(recover());
        if (options_.request.kind == "resume")
            return recovered.is_null() ? nothing("nothing to resume: no operation was cut off") : recovered;
        if (recovered.is_object() && recovered.value("result", "") == "needs_operator") return recovered;
        TRY_VOID(adopted());
        TRY_VOID(nobody_waits());
        return perform();
    }

   private:
    // Now, so that none is missing or exchanged in the middle of the work.
    Result<> load_libraries() const {
        TRY_VOID(os::load_library(os::curl_library));
        TRY_VOID(os::load_library(os::archive_library));
        const auto& databases = session_.site().databases;
        const bool postgresql =
            std::any_of(databases.begin(), databases.end(), [](const auto& d) { return d.kind == "postgresql"; });
        return postgresql ? os::load_library(os::libpq_library) : Result<>();
    }

    Result<os::Lock> take_lock() {
        const os::LockHolder self{0, options_.request.kind + (options_.request.to.empty() ? "" : " " + options_.request.to),
                                  options_.operation, session_.clock().wall_ms(), who()};
        return os::Lock::acquire(session_.state() / "lock", self, options_.request.wait, [&](const os::LockHolder& holder) {
            events_.tell("waiting",
                         {{"holder", holder.what}, {"pid", holder.pid}, {"since_ms", holder.since_ms}, {"user", holder.user}});
        });
    }

    Json nothing(const std::string& why) const {
        return {{"operation", options_.operation},
                {"kind", options_.request.kind},
                {"result", "succeeded"},
                {"nothing_to_do", true},
                {"message", why},
                {"error", nullptr}};
    }

    // Without generation 0 there is nothing to go back to, and retention could not tell what serves from what is left over.
    Result<> adopted() {
        if (!TRY(journal_->generations()).empty()) return {};
        return fail(Code::refused, "uprev doesn't look after '" + session_.site().id + "' yet",
                    "take the running installation in with 'uprev adopt'");
    }

    // After needs_operator only a decision goes on: another upgrade could start code on a schema that it can't read.
    Result<> nobody_waits() {
        if (options_.request.kind != "upgrade" && options_.request.kind != "rollback") return {};
        const auto stopped = TRY(stopped_operation(*journal_));
        if (!stopped) return {};
        return fail(Code::needs_operator,
                    "the " + stopped->kind + " to " + stopped->to + " (" + stopped->id + ") waits for a decision",
                    "see 'uprev status' for the choices");
    }

    // What a dead worker left behind, if anything.
    Result<Json> recover() {
        auto left = TRY(journal_->unfinished());
        if (!left) return Json();
        if (!left->machine.empty() && left->machine != os::machine_id())
            return fail(Code::refused,
                        "the " + left->kind + " to " + left->to + " (" + left->id +
                            ") was begun on another machine, of which this is a copy",
                        "'uprev adopt' leaves it to that machine and takes this installation over as it is");
        events_.tell("recovering", {{"operation", left->id}, {"kind", left->kind}, {"to", left->to}});
        if (left->plan.is_null()) {
            RunOutcome outcome{
                OperationResult::abandoned, fail(Code::interrupted, "uprev was stopped before there was a plan"), "", {}};
            return conclude(*left, nullptr, nullptr, {}, outcome, Json(), {}, true, nullptr);
        }
        return carry_out(*left, {}, {}, true);
    }

    Result<Operation> create() {
        Operation o;
        o.id = options_.operation;
        o.kind = options_.request.kind;
        o.to = options_.request.to;
        o.created_ms = session_.clock().wall_ms();
        o.started_by = who();
        o.uprev_version = uprev_version;
        o.machine = os::machine_id();
        o.request = to_json(options_.request);
        if (const auto me = os::identify(os::own_pid()))
            o.worker = Json({{"boot", me->boot}, {"pid", me->pid}, {"start", me->start}}).dump();
        TRY_VOID(journal_->create(o));
        return o;
    }

    Result<Json> perform() {
        auto operation = TRY(create());
        auto prepared = prepare();
        if (!prepared) {
            const bool cut_off = prepared.error().code == Code::interrupted;
            RunOutcome outcome{cut_off ? OperationResult::abandoned : OperationResult::refused, prepared.error(), "", {}};
            return conclude(operation, nullptr, nullptr, {}, outcome, Json(), {}, false, nullptr);
        }
        if (prepared->nothing_to_do) {
            auto report = nothing(prepared->nothing_reason);
            TRY_VOID(journal_->finish(operation.id, OperationResult::succeeded, report));
            return report;
        }
        operation.from = prepared->plan.from;
        operation.to = prepared->plan.to;
        if (!options_.request.plan_hash.empty() && options_.request.plan_hash != prepared->plan.hash &&
            !blocks(prepared->findings))
            prepared->findings.push_back({Finding::Severity::blocker, "plan.hash",
                                          "the facts have changed: the plan's hash is now " + prepared->plan.hash,
                                          "look at 'uprev plan' again", Code::conflict});
        if (blocks(prepared->findings)) {
            RunOutcome outcome{OperationResult::refused, as_error(prepared->findings), "", {}};
            return conclude(operation, &prepared->plan, nullptr, prepared->findings, outcome, Json(), {}, false, nullptr);
        }
        prepared->pinned.work = work_;
        TRY_VOID(journal_->freeze(operation.id, to_json(prepared->plan), to_json(prepared->pinned), prepared->plan.from,
                                  prepared->plan.to));
        return carry_out(TRY(journal_->operation(operation.id)), prepared->findings, prepared->stops, false);
    }

    Result<Prepared> prepare() {
        const auto mark = mark_of(options_.operation);
        if (options_.request.kind == "restore" || options_.request.kind == "accept")
            return prepare_restore(session_, options_.request, mark);
        PrepareHooks hooks;
        hooks.phase = [&](const std::string& phase) { events_.tell("phase", {{"text", phase}}); };
        if (options_.request.kind == "rollback") return prepare_rollback(session_, options_.request, mark, hooks);
        hooks.fetch.cancelled = options_.stop_asked;
        hooks.fetch.progress = [&, last = std::int64_t{0}](const os::DownloadProgress& p) mutable {
            const auto now = session_.clock().wall_ms();
            if (now - last < 100 && p.done != p.total) return;
            last = now;
            events_.tell("download", {{"done", p.done}, {"total", p.total}});
        };
        return prepare_upgrade(session_, options_.request, mark, hooks);
    }

    std::vector<ProbeSpec> health_of(const Pinned& pinned) const {
        std::vector<ProbeSpec> out;
        for (const auto& service : pinned.old_release.services)
            for (const auto& each : service.health) {
                auto spec = each;  // old and new are asked alike: which of them answers is no failure
                std::erase_if(spec.json,
                              [](const auto& wanted) { return wanted.second.find("${version}") != std::string::npos; });
                if (spec.contains.find("${version}") != std::string::npos) spec.contains.clear();
                auto probe = filled(spec, pinned.site, pinned.old_folder, pinned.old_release.version);
                if (!probe) continue;
                probe->name = service.name;
                probe->timeout = std::min<Millis>(probe->timeout, Millis(1000));
                out.push_back(std::move(*probe));
            }
        return out;
    }

    Result<Json> carry_out(const Operation& operation, const std::vector<Finding>& findings,
                           const std::vector<std::string>& stops, bool recovered) {
        const auto plan = TRY(plan_from_json(operation.plan));
        const auto pinned = TRY(pinned_from_json(operation.pinned));
        auto adapters = TRY(session_.adapters(pinned.site, {pinned.old_release, pinned.release}));
        Prober prober(*adapters->ports.probe, session_.clock(), health_of(pinned), pinned.site.prober_hz);
        bool probing = false;
        EngineHooks hooks;
        hooks.cancelled = options_.stop_asked;
        hooks.decides = recovered && (options_.request.kind == "accept" || options_.request.kind == "restore");
        hooks.go_back = recovered && options_.request.kind == "resume" && options_.request.to == "back";
        hooks.before_disruption = [&] {
            prober.start();
            probing = true;
        };
        hooks.event = [&](const StepEvent& e) {
            events_.tell("step", {{"step", e.step->id},
                                  {"title", e.step->title},
                                  {"phase", phase_name(e.step->phase)},
                                  {"status", word(e.status)},
                                  {"error", e.error == nullptr ? Json() : error_json(*e.error)}});
        };
        hooks.say = [&](const PlannedStep& step, const std::string& line) {
            events_.tell("say", {{"step", step.id}, {"text", line}});
        };
        const auto steps_before = TRY(journal_->steps(operation.id));
        Engine engine(step_table(), *journal_, adapters->ports);
        auto outcome = engine.run(operation, hooks);
        auto downtime = probing ? to_json(prober.stop()) : Json();
        if (!outcome) {
            tell_half_way(operation, outcome.error());
            return std::move(outcome).error();
        }
        if (recovered) note_gap(downtime, plan, steps_before);
        return conclude(operation, &plan, &pinned, findings, *outcome, downtime, stops, recovered, &adapters->ports);
    }

    Result<Json> conclude(const Operation& operation, const Plan* plan, const Pinned* pinned,
                          const std::vector<Finding>& findings, const RunOutcome& outcome, const Json& downtime,
                          const std::vector<std::string>& stops, bool recovered, const Ports* ports) {
        if (plan != nullptr && pinned != nullptr) TRY_VOID(mark_versions(operation, *plan, outcome));
        if (outcome.result == OperationResult::degraded) TRY_VOID(mark_degraded(operation));
        ReportInput in{&operation,    plan,  pinned,   TRY(journal_->steps(operation.id)), findings, outcome, downtime,
                       Json::array(), stops, recovered};
        if (outcome.result == OperationResult::needs_operator && ports != nullptr)
            in.choices = choices(*pinned, *plan, *ports, *journal_);
        auto report = make_report(in);
        if (pinned != nullptr) report["plugin_updates"] = plugin_news(*pinned, outcome);
        TRY_VOID(journal_->finish(operation.id, outcome.result, report));
        notify(report);
        return report;
    }

    // What failed here, and what somebody went back from, is not chosen again by itself.
    Result<> mark_versions(const Operation& operation, const Plan& plan, const RunOutcome& outcome) {
        const bool serves = outcome.result == OperationResult::succeeded || outcome.result == OperationResult::degraded;
        if (operation.kind == "upgrade" && !serves && release_is_to_blame(plan, outcome))
            return journal_->mark_failed(plan.to, outcome.error.message, operation.id);
        if ((operation.kind == "rollback" || operation.kind == "restore") && serves && plan.from != plan.to)
            return journal_->mark_failed(plan.from, "rolled back by " + operation.started_by, operation.id);
        return {};
    }

    // Before the migrations only a build tells something about the release; a full disk or a registry that is away doesn't.
    static bool release_is_to_blame(const Plan& plan, const RunOutcome& outcome) {
        const auto code = outcome.error.code;
        if (code == Code::interrupted) return false;
        const auto* step = plan.find(outcome.failed_step);
        const bool machine = code == Code::unavailable || code == Code::timeout || code == Code::exhausted;
        if (machine && (step == nullptr || step->kind != "migrate.run")) return false;
        if (step == nullptr || step->phase >= Phase::migrate) return true;
        return step->kind == "prepare.build" && code == Code::failed;
    }

    // Once for each cause: the boot unit tries every half minute.
    void tell_half_way(const Operation& operation, const Error& error) {
        const auto key = "half_way:" + operation.id;
        const auto told = journal_->setting(key);
        if (!passes(error) || (told && *told && (*told)->value == error.message)) return;
        (void)journal_->set_setting(key, error.message, "uprev").has_value();
        notify({{"operation", operation.id},
                {"kind", operation.kind},
                {"from", operation.from},
                {"to", operation.to},
                {"result", "half_way"},
                {"error", error_json(error)}});
    }

    // From the last thing that is on record to the start of this worker nobody asked whether users were served.
    void note_gap(Json& downtime, const Plan& plan, const std::vector<StepRecord>& before) const {
        std::int64_t last = 0;
        bool disrupted = false;
        for (const auto& record : before) {
            const auto* step = plan.find(record.id);
            disrupted = disrupted || (step != nullptr && plan.index(record.id) >= plan.first_disruptive());
            last = std::max({last, record.started_ms, record.ended_ms});
        }
        if (!disrupted) return;
        if (!downtime.is_object())
            downtime = Json{{"total_ms", nullptr}, {"requests", 0}, {"failed", 0}, {"probes", Json::array()}};
        downtime["not_measured"] = {{"from", os::iso8601(last)}, {"until", os::iso8601(started_ms_)}, {"ms", started_ms_ - last}};
    }

    // Best effort, and last: what the operation came to is on record by now.
    void notify(const Json& report) {
        const auto result = report.value("result", "");
        for (const auto& spec : session_.site().notify) {
            const auto asked = result == "half_way" ? "needs_operator" : result;  // who wants the one wants the other
            if (!spec.on.empty() && std::find(spec.on.begin(), spec.on.end(), asked) == spec.on.end()) continue;
            auto told = make_notifier(spec, *session_.os().http, *session_.os().processes)->tell(report);
            if (!told) events_.tell("phase", {{"text", "could not notify: " + told.error().text()}});
        }
    }

    // Good only after `uprev ack`.
    Result<> mark_degraded(const Operation& operation) {
        for (const auto& g : TRY(journal_->generations()))
            if (g.operation == operation.id && g.state == GenerationState::good)
                return journal_->set_generation(g.number, GenerationState::degraded);
        return {};
    }

    // Plugins for which an update is published that fits the new release. Best effort: a marketplace that is away spoils no upgrade.
    Json plugin_news(const Pinned& pinned, const RunOutcome& outcome) {
        Json out = Json::array();
        const bool serves = outcome.result == OperationResult::succeeded || outcome.result == OperationResult::degraded;
        if (!serves || !session_.site().plugins || session_.site().plugins->feed.empty()) return out;
        const auto& spec = *session_.site().plugins;
        const auto plugins = read_plugins(session_.fs(), spec, pinned.folder);
        const auto version = Version::parse(pinned.target.version);
        auto adapters = session_.adapters({pinned.release});
        if (!plugins || !version || !adapters) return out;
        const auto text = (*adapters)->ports.source->document(spec.feed);
        const auto offers = text ? parse_plugin_feed(*text, spec) : Result<std::vector<Plugin>>(text.error());
        if (!offers) {
            events_.tell("phase", {{"text", "could not look for plugin updates: " + offers.error().text()}});
            return out;
        }
        for (const auto& p : *plugins)
            if (const auto update = plugin_update(p, *offers, *version); !update.empty())
                out.push_back({{"name", p.name}, {"installed", p.version}, {"update", update}, {"fits", pinned.target.version}});
        return out;
    }

    Session& session_;
    const WorkOptions& options_;
    os::Path work_;
    EventWriter events_;
    Journal* journal_ = nullptr;
    std::int64_t started_ms_ = session_.clock().wall_ms();
};

Json failed_report(const WorkOptions& options, const Error& error) {
    // An unfinished operation stays in the journal: the next mutating command, or the boot, recovers it.
    return {{"operation", options.operation},
            {"kind", options.request.kind},
            {"result", ""},
            {"to", options.request.to},
            {"error", error_json(error)}};
}

}  // namespace

Json work(const SitePlace& place, const WorkOptions& options, const OsParts* os) {
    auto session = Session::open(place, Session::Mode::write, os);
    if (!session) return failed_report(options, session.error());
    const auto folder = (*session)->state() / "ops" / options.operation;
    if (auto made = (*session)->fs().make_folders(folder, 0700); !made) return failed_report(options, made.error());
    // Made 0600 before anything is appended to it.
    if (auto made = (*session)->fs().write(folder / "events.log", "", 0600); !made) return failed_report(options, made.error());
    // Room for the last word, also on a disk that is full by then.
    const auto room = folder / "result.room";
    (void)(*session)->fs().write(room, std::string(std::size_t{128} << 10, ' '), 0600).has_value();
    auto report = Worker(**session, options).run();
    auto out = report ? *report : failed_report(options, report.error());
    (void)(*session)->fs().remove_tree(room).has_value();
    (void)(*session)
        ->fs()
        .write(folder / "result.json", out.dump(-1, ' ', false, Json::error_handler_t::replace), 0600)
        .has_value();
    return out;
}

std::string new_operation_id(std::int64_t wall_ms, std::string_view kind) {
    std::random_device random;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string tail;
    for (int i = 0; i < 4; ++i) tail += digits[random() % digits.size()];
    return os::compact_stamp(wall_ms) + tail + "-" + std::string(kind);
}

std::string mark_of(const std::string& operation) { return operation.substr(0, operation.find('-')); }

}  // namespace uprev
