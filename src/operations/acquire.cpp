// SPDX-License-Identifier: Apache-2.0
#include "operations/acquire.hpp"

#include "os/open.hpp"

namespace uprev {

namespace {
constexpr std::uint64_t release_file_limit = 1U << 20U;

Result<Target> verify(const Ports& ports, const FeedRelease& release, const FetchedRelease& fetched, int fd) {
    Target target{release.version.text(), fetched.artifact_name, "", fetched.size, {}, release.changelog, release.breaking, ""};
    Subject subject;
    subject.fd = fd;
    subject.name = fetched.artifact_name;
    subject.version = release.version;
    subject.stated_sha256 = release.artifact.sha256;
    subject.signature = fetched.signature;
    for (auto* verifier : ports.verifiers) {
        auto evidence = TRY(verifier->verify(subject).within("verifying " + fetched.artifact_name));
        target.evidence.insert(target.evidence.end(), evidence.checks.begin(), evidence.checks.end());
        if (!target.sha256.empty() && !evidence.sha256.empty() && target.sha256 != evidence.sha256)
            return fail(Code::untrusted, fetched.artifact_name + " changed while it was verified", "somebody writes to the state folder: find out who");
        if (!evidence.sha256.empty()) target.sha256 = evidence.sha256;
    }
    if (target.sha256.empty()) target.sha256 = fetched.sha256;
    return target;
}
}  // namespace

Result<VerifiedRelease> acquire(Session& session, const Ports& ports, const FeedRelease& proposed, const FetchWatch& watch) {
    const auto release = TRY(ports.source->resolve(proposed));
    const auto folder = session.state() / "artifacts" / release.version.text();
    TRY_VOID(session.fs().make_folders(folder, 0700));
    const auto fetched = TRY(ports.source->fetch(release, folder, watch));
    const auto file = TRY(os::open_for_reading(fetched.artifact));
    VerifiedRelease out;
    out.target = TRY(verify(ports, release, fetched, file.get()));
    out.artifact = fetched.artifact;
    auto text = ports.unpacker->read_member(file.get(), "uprev.release.yaml", release_file_limit);
    if (!text && text.error().code != Code::not_found) return std::move(text).error();
    if (text) out.release_text = std::move(*text);
    return out;
}

}  // namespace uprev
