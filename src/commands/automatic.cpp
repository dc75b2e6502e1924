// SPDX-License-Identifier: Apache-2.0
// uprev auto: one unattended round, and the setting that allows it.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/exit_codes.hpp"
#include "base/units.hpp"
#include "commands/exclusive.hpp"
#include "commands/operate.hpp"
#include "commands/rows.hpp"
#include "operations/prepare.hpp"
#include "operations/restore.hpp"
#include "os/descriptor.hpp"

namespace uprev::commands {

namespace {
const std::vector<std::string> allowed{"off", "patch", "minor"};

struct Allowed {
    std::string value;
    std::string by;  // "site file", or who set it
    std::int64_t at_ms = 0;
};

Result<Allowed> in_force(Session& session, Journal& journal) {
    if (const auto set = TRY(journal.setting("auto"))) return Allowed{set->value, set->by, set->at_ms};
    return Allowed{session.site().automatic.allow, "site file", 0};
}

Json to_json(const Allowed& a) {
    return {{"allow", a.value}, {"set_by", a.by}, {"set_at", a.at_ms == 0 ? Json() : Json(os::iso8601(a.at_ms))}};
}

Result<Reply> show(const Globals& globals) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    const auto now = TRY(in_force(*session, *TRY(session->journal())));
    auto json = to_json(now);
    json["site_file"] = session->site().automatic.allow;
    const auto since = now.at_ms == 0 ? std::string() : " on " + os::iso8601(now.at_ms);
    return Reply{
        json, fmt::format("auto: {} (set by {}{})\nsite file: {}\n", now.value, now.by, since, session->site().automatic.allow),
        0};
}

Result<Reply> set(const Globals& globals, const std::string& value) {
    {
        auto look = TRY(open_session(globals, Session::Mode::read));
        TRY(look->journal());
    }
    auto session = TRY(open_session(globals, Session::Mode::write));
    TRY_VOID(TRY(session->journal())->set_setting("auto", value, asked_by()));
    return Reply{{{"allow", value}, {"set_by", asked_by()}, {"site_file", session->site().automatic.allow}},
                 fmt::format("auto: {} (set by {}; the site file says {} and is left as it is)\n", value, asked_by(),
                             session->site().automatic.allow),
                 0};
}

// Nothing was done, and that is fine.
Reply idle(const Allowed& now, const std::string& result, const std::string& why) {
    auto json = to_json(now);
    json["result"] = result;
    json["message"] = why;
    return {json, why + "\n", 0};
}

constexpr std::string_view hidden = "; this feed names its latest release only, so an older patch may be hidden behind it";

// The newest version that may be taken without asking anybody: none that is breaking or failed here, nor one whose way leads through such,
// nor one past a breaking one, since it brings along what that broke.
Result<std::vector<FeedRelease>> harmless_path(Session& session, const Feed& feed, const OperationRequest& request,
                                               const std::string& current) {
    const auto target = TRY(target_request(session, request, current));
    const auto harmful = [&](const FeedRelease& r) {
        return r.breaking || std::find(target.failed.begin(), target.failed.end(), r.version.text()) != target.failed.end();
    };
    Feed rest = feed;
    // A required stop stays, so that nothing jumps over it.
    std::erase_if(rest.releases, [&](const auto& r) { return harmful(r) && !r.required_stop; });
    for (;;) {
        auto path = TRY(choose_path(rest, target));
        const bool harmless = std::none_of(path.begin(), path.end(), harmful);
        if (harmless && (path.empty() || breaking_on_the_way(feed, target, path.back()) == nullptr)) return path;
        const auto goal = path.back().version;
        std::erase_if(rest.releases, [&](const auto& r) { return r.version == goal; });
    }
}

// A random part of the longest wait, so that many machines don't ask at once.
void wait_a_little(Session& session) {
    const auto most = session.site().automatic.jitter.count();
    if (most <= 0) return;
    const auto random = std::stoull(os::random_name(), nullptr, 16);
    session.clock().sleep(std::chrono::milliseconds(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(most + 1))));
}

Result<std::string> closed_until(Session& session) {
    const auto window = TRY(window_state(session.site().windows, session.clock().wall_ms()));
    return window.open ? std::string() : window.next;
}

Error unread(const std::string& operation) {
    return fail(Code::refused, "operation " + operation + " ended degraded, and nobody has looked yet",
                "read it and acknowledge it: uprev ack");
}

// What only people can settle is not passed over by a timer.
Result<> nothing_waits(Journal& journal) {
    if (const auto stopped = TRY(stopped_operation(journal)))
        return fail(Code::needs_operator, "operation " + stopped->id + " needs a decision first",
                    "'uprev status' lists the choices");
    // By its generation: what was refused, or found nothing to do, since then settles nothing.
    const auto active = TRY(journal.active_generation());
    if (active && active->state == GenerationState::degraded) return unread(active->operation);
    // One that failed to record its generation has none.
    const auto last = TRY(journal.operations(1));
    if (!last.empty() && last[0].result == OperationResult::degraded && !TRY(journal.setting("ack:" + last[0].id)))
        return unread(last[0].id);
    return {};
}

// Why nothing is to be deployed now, if that is so.
Result<std::optional<Reply>> reason_to_rest(Session& session, Journal& journal, const Allowed& now) {
    if (now.value == "off")
        return std::optional(
            idle(now, "off", "automatic upgrades are off (" + now.by + "); turn them on with 'uprev auto set patch'"));
    TRY_VOID(nothing_waits(journal));
    if (const auto next = TRY(closed_until(session)); !next.empty())
        return std::optional(idle(now, "closed", "no maintenance window is open; the next one opens " + next));
    return std::optional<Reply>();
}

Result<Reply> deploy(const Globals& globals, Session& session, const Allowed& now) {
    OperationRequest request;
    request.unattended = true;
    request.at_most = now.value;
    request.reason = "automatic upgrade (" + now.value + ", set by " + now.by + ")";
    auto adapters = TRY(session.adapters({session.site().release}));
    const auto active = TRY(session.active(*adapters->layout));
    const auto feed = TRY(adapters->ports.source->list());
    const auto path = TRY(harmless_path(session, feed, request, active.version));
    if (path.empty())
        return idle(now, "nothing",
                    fmt::format("nothing to do: no {} upgrade of {} can be deployed{}", now.value, active.version,
                                feed.simple ? hidden : ""));
    request.to = path.back().version.text();
    return operate(globals, request);
}

// Looks twice: the wait may be hours long, and whoever turned automatic upgrades off meanwhile, or changed the site file, meant it.
Result<Reply> round(const Globals& globals) {
    for (bool waited = false;; waited = true) {
        auto session = TRY(open_session(globals, Session::Mode::read));
        // Whatever is allowed and whenever: what was cut off half-way is nothing to leave lying. That is enough for one round.
        if (auto recovered = TRY(recover_cut_off(globals, *session))) return std::move(*recovered);
        auto* journal = TRY(session->journal());
        const auto now = TRY(in_force(*session, *journal));
        if (auto rest = TRY(reason_to_rest(*session, *journal, now))) return std::move(*rest);
        if (waited) return deploy(globals, *session, now);
        wait_a_little(*session);
    }
}
}  // namespace

CommandRow automatic() {
    return {"auto", "one unattended round, for a timer",
            "Upgrades to the newest patch (or minor) when that is allowed and a window is open: never to a breaking release, "
            "never to a version that failed\n"
            "here. What is set here takes precedence over the site file, which is never rewritten.\n\n"
            "  uprev auto\n"
            "  uprev auto set patch\n"
            "  uprev auto show",
            [](CLI::App& app) -> Action {
                auto value = std::make_shared<std::string>();
                auto* setting = app.add_subcommand("set", "allow automatic upgrades, or not");
                setting->add_option("value", *value, "off, patch or minor")->required()->check(CLI::IsMember(allowed));
                auto* showing = app.add_subcommand("show", "what is allowed, and who said so");
                auto* flag = app.add_option("--set", *value, "the same as 'auto set'")->check(CLI::IsMember(allowed));
                return [value, setting, showing, flag](const Globals& globals) {
                    if (setting->parsed() || flag->count() > 0) return set(globals, *value);
                    return showing->parsed() ? show(globals) : round(globals);
                };
            }};
}

}  // namespace uprev::commands
