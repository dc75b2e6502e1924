// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "adapters/notifier/make_notifier.hpp"
#include "os/secrets.hpp"

namespace uprev {

namespace {

class Webhook final : public Notifier {
   public:
    Webhook(NotifierSpec spec, os::Http& http) : spec_(std::move(spec)), http_(http) {}

    Result<> tell(const Json& report) override {
        const os::Revealed url = TRY(os::reveal(spec_.url).within("the webhook's address"));
        os::HttpRequest request;
        request.method = "POST";
        request.url = url.value;
        request.headers["Content-Type"] = "application/json";
        request.body = report.dump(-1, ' ', false, Json::error_handler_t::replace);
        request.limits.bytes = 64U << 10U;
        request.limits.total = std::chrono::seconds(15);
        // The operator named this address; it isn't one that a feed could slip in.
        request.limits.allow_plain_http = true;
        request.limits.allow_private = true;
        auto response = http_.fetch(request);
        const std::string name = shown(url);
        if (!response && url.secret)
            return fail(response.error().code, "cannot reach " + name, "check the address that the reference holds");
        if (!response) return std::move(response).error();
        if (response->status < 200 || response->status > 299)
            return fail(Code::failed, name + " answered " + std::to_string(response->status),
                        "check the webhook's address and its service");
        return {};
    }

   private:
    // Webhook addresses are often secrets themselves: then only the reference is shown.
    [[nodiscard]] std::string shown(const os::Revealed& url) const {
        if (url.secret) return "the webhook at " + spec_.url;
        return "'" + url.value.substr(0, url.value.find('?')) + "'";
    }

    NotifierSpec spec_;
    os::Http& http_;
};

}  // namespace

std::unique_ptr<Notifier> make_webhook_notifier(const NotifierSpec& spec, os::Http& http) {
    return std::make_unique<Webhook>(spec, http);
}

}  // namespace uprev
