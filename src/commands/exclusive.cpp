// SPDX-License-Identifier: Apache-2.0
#include "commands/exclusive.hpp"

#include <cstdlib>

#include "commands/operate.hpp"
#include "os/identity.hpp"
#include "os/worker.hpp"

namespace uprev {

namespace {
bool waits_for_operator(const Json& report) { return report.value("result", "") == "needs_operator"; }

Result<> recover_first(const Globals& globals, Session& session) {
    const auto reply = TRY(recover_cut_off(globals, session));
    if (!reply) return {};
    if (waits_for_operator(reply->json))
        return fail(Code::needs_operator, "an operation that was cut off needs a decision first", "see 'uprev status'");
    if (reply->json.value("result", "").empty()) {
        const auto& error = reply->json.contains("error") ? reply->json["error"] : Json();
        if (error.is_object())
            return fail(code_from_name(error.value("code", "interrupted")), error.value("message", ""), error.value("hint", ""));
    }
    return {};
}
}  // namespace

std::string asked_by() {
    const char* sudo = std::getenv("SUDO_USER");
    return sudo != nullptr && *sudo != '\0' ? std::string(sudo) + " (sudo)" : os::current_user().name;
}

SitePlace place_of(const Globals& globals, const std::string& site_file) { return {site_file, find_state_base(globals.state)}; }

Result<std::unique_ptr<Session>> open_session(const Globals& globals, Session::Mode mode) {
    return Session::open(place_of(globals, TRY(find_site_file(globals.site))), mode);
}

Result<std::optional<Reply>> recover_cut_off(const Globals& globals, Session& session) {
    auto* journal = TRY(session.journal());
    if (!TRY(journal->unfinished()) || os::Lock::holder(session.state() / "lock")) return std::optional<Reply>();
    OperationRequest request;
    request.kind = "resume";
    return std::optional(TRY(operate(globals, request)));
}

Result<Exclusive> take_exclusive(const Globals& globals, const std::string& what) {
    {
        auto look = TRY(open_session(globals, Session::Mode::read));
        TRY_VOID(recover_first(globals, *look));
    }
    auto session = TRY(open_session(globals, Session::Mode::write));
    const os::LockHolder self{os::own_pid(), what, "", session->clock().wall_ms(), asked_by()};
    auto lock = TRY(os::Lock::acquire(session->state() / "lock", self, std::chrono::milliseconds(0)));
    auto root = TRY(os::lock_folder(session->site().root, "the installation's root"));
    session->use_processes(os::make_processes({}, lock.descriptor()));
    auto* journal = TRY(session->journal());
    return Exclusive{std::move(session), std::move(lock), std::move(root), journal};
}

}  // namespace uprev
