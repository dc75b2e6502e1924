// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/probe.hpp"

#include "adapters/probe/body_match.hpp"
#include "adapters/probe/tcp_connect.hpp"
#include "base/text.hpp"
#include "os/secrets.hpp"

namespace uprev {
namespace {

constexpr std::uint64_t body_limit = 1U << 20U;

Answer no(std::string seen) { return {false, std::move(seen), {}}; }

Result<os::HttpRequest> request_of(const ProbeSpec& spec) {
    os::HttpRequest request;
    request.url = spec.url;
    for (const auto& [name, value] : spec.headers)
        request.headers[name] = TRY(os::reveal(value).within("header '" + name + "'")).value;
    request.headers["Connection"] = "close";  // a probe must not be what a closing server waits for
    request.limits.bytes = body_limit;
    request.limits.total = spec.timeout;
    request.limits.connect = spec.timeout;
    request.limits.redirects = 0;
    request.limits.allow_plain_http = true;
    request.limits.allow_private = true;
    return request;
}

class Asker final : public Probe {
   public:
    Asker(os::Http& http, Surroundings around) : http_(http), around_(std::move(around)) {}

    Answer ask(const ProbeSpec& spec, const std::string& version_pointer) override {
        if (spec.kind == "http") return http(spec, version_pointer);
        if (spec.kind == "tcp") return tcp(spec);
        if (spec.kind == "command") return command(spec, version_pointer);
        return no("unknown kind of probe '" + spec.kind + "'");
    }

   private:
    Answer http(const ProbeSpec& spec, const std::string& version_pointer) {
        const auto request = request_of(spec);
        if (!request) return no(request.error().text());
        const auto response = http_.fetch(*request);
        if (!response) return no(response.error().text());
        const auto status = std::to_string(response->status);
        Answer answer{false, "status " + status, scalar_at(response->body, version_pointer)};
        if (response->status != spec.status) return answer;
        const auto mismatch = body_mismatch(response->body, spec.contains, spec.json);
        answer.ok = mismatch.empty();
        answer.seen = answer.ok ? status + (spec.contains.empty() && spec.json.empty() ? "" : ", body matched") : mismatch;
        return answer;
    }

    Answer tcp(const ProbeSpec& spec) {
        const auto done = tcp_connect(spec.address, spec.timeout);
        return done ? Answer{true, "accepts connections", {}} : no(done.error().text());
    }

    Answer command(const ProbeSpec& spec, const std::string& version_pointer) {
        auto command = command_of(spec.command, around_);
        if (!command) return no(command.error().text());
        command->limit = spec.timeout;
        const auto done = os::capture(*command);
        if (!done) return no(done.error().text());
        if (!done->outcome.ok()) return no(done->outcome.describe());
        const auto mismatch = body_mismatch(done->output, spec.contains, spec.json);
        return {mismatch.empty(), mismatch.empty() ? "exit code 0" : mismatch, scalar_at(done->output, version_pointer)};
    }

    os::Http& http_;
    Surroundings around_;
};

}  // namespace

std::unique_ptr<Probe> make_probe(os::Http& http, os::Processes&, Surroundings around) {
    return std::make_unique<Asker>(http, std::move(around));
}

}  // namespace uprev
