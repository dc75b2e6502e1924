// SPDX-License-Identifier: Apache-2.0
#include "adapters/notifier/make_notifier.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace uprev {

namespace {

// Passes on what the site asked for.
class Selected final : public Notifier {
   public:
    Selected(NotifierSpec spec, std::unique_ptr<Notifier> inner) : spec_(std::move(spec)), inner_(std::move(inner)) {}

    Result<> tell(const Json& report) override {
        if (!wanted(report)) return {};
        if (!inner_)
            return fail(Code::invalid, "'" + spec_.kind + "' is no kind of notifier", "use webhook or command in notify");
        return inner_->tell(report).within("notifying by " + spec_.kind);
    }

   private:
    [[nodiscard]] bool wanted(const Json& report) const {
        if (spec_.on.empty() || !report.is_object()) return true;
        const auto result = report.find("result");
        return result == report.end() || !result->is_string() ||
               std::find(spec_.on.begin(), spec_.on.end(), result->get<std::string>()) != spec_.on.end();
    }

    NotifierSpec spec_;
    std::unique_ptr<Notifier> inner_;
};

}  // namespace

std::unique_ptr<Notifier> make_notifier(const NotifierSpec& spec, os::Http& http, os::Processes& processes) {
    std::unique_ptr<Notifier> inner;
    if (spec.kind == "webhook") inner = make_webhook_notifier(spec, http);
    if (spec.kind == "command") inner = make_command_notifier(spec, processes);
    return std::make_unique<Selected>(spec, std::move(inner));
}

}  // namespace uprev
