// SPDX-License-Identifier: Apache-2.0
#include "operations/request.hpp"

#include <nlohmann/json.hpp>

namespace uprev {

Json to_json(const OperationRequest& r) {
    return {{"kind", r.kind},
            {"to", r.to},
            {"allow_breaking", r.allow_breaking},
            {"reason", r.reason},
            {"allow_downgrade", r.allow_downgrade},
            {"accept_edits", r.accept_edits},
            {"unattended", r.unattended},
            {"at_most", r.at_most},
            {"plan_hash", r.plan_hash},
            {"wait_ms", r.wait.count()}};
}

Result<OperationRequest> request_from_json(const Json& json) {
    try {
        OperationRequest r;
        r.kind = json.at("kind");
        r.to = json.at("to");
        r.allow_breaking = json.at("allow_breaking");
        r.reason = json.at("reason");
        r.allow_downgrade = json.at("allow_downgrade");
        r.accept_edits = json.at("accept_edits");
        r.unattended = json.at("unattended");
        r.at_most = json.at("at_most");
        r.plan_hash = json.at("plan_hash");
        r.wait = std::chrono::milliseconds(json.at("wait_ms").get<std::int64_t>());
        return r;
    } catch (const Json::exception& e) {
        return fail(Code::invalid, std::string("the request cannot be read: ") + e.what());
    }
}

}  // namespace uprev
