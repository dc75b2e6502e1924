// SPDX-License-Identifier: Apache-2.0
#include "operations/acquire.hpp"

#include <future>

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
    // Each reads the whole artifact by itself, side by side.
    std::vector<std::future<Result<Evidence>>> asked;
    for (auto* verifier : ports.verifiers)
        asked.push_back(std::async(std::launch::async, [verifier, &subject] { return verifier->verify(subject); }));
    for (auto& answer : asked) {
        auto evidence = TRY(answer.get().within("verifying " + fetched.artifact_name));
        target.evidence.insert(target.evidence.end(), evidence.checks.begin(), evidence.checks.end());
        if (!target.sha256.empty() && !evidence.sha256.empty() && target.sha256 != evidence.sha256)
            return fail(Code::untrusted, fetched.artifact_name + " changed while it was verified",
                        "somebody writes to the state folder: find out who");
        if (!evidence.sha256.empty()) target.sha256 = evidence.sha256;
    }
    if (target.sha256.empty()) target.sha256 = fetched.sha256;
    return target;
}
}  // namespace

Result<std::optional<VerifiedRelease>> read_published(const Ports& ports, const FeedRelease& proposed) {
    const auto release = TRY(ports.source->resolve(proposed));
    std::vector<Verifier*> signers;
    for (auto* verifier : ports.verifiers)
        if (verifier->name() != "sha256") signers.push_back(verifier);
    const bool stated = !release.artifact.sha256.empty() && release.artifact.size > 0;
    if (!stated || release.release_file.empty() || signers.empty()) return std::optional<VerifiedRelease>();
    const auto published = TRY(ports.source->release_file(release));
    if (!published) return std::optional<VerifiedRelease>();
    const auto name_of = [](const std::string& address) { return address.substr(address.rfind('/') + 1); };
    VerifiedRelease out;
    out.target = {release.version.text(),
                  name_of(release.artifact.url),
                  release.artifact.sha256,
                  release.artifact.size,
                  {},
                  release.changelog,
                  release.breaking,
                  ""};
    Subject subject;
    subject.text = published->text;
    subject.name = name_of(release.release_file);
    subject.version = release.version;
    subject.signature = published->signature;
    for (auto* verifier : signers) {
        auto evidence = TRY(verifier->verify(subject).within("verifying " + subject.name));
        for (auto& check : evidence.checks) out.target.evidence.push_back(subject.name + ": " + check);
    }
    out.target.evidence.push_back("the artifact itself was not fetched: the feed states its digest, and the upgrade verifies it");
    out.release_text = published->text;
    return std::optional(std::move(out));
}

Result<VerifiedRelease> acquire(Session& session, const Ports& ports, const FeedRelease& proposed, const FetchWatch& watch) {
    const auto release = TRY(ports.source->resolve(proposed));
    const auto folder = session.state() / "artifacts" / release.version.text();
    TRY_VOID(session.fs().make_folders(folder, 0700));
    const auto fetched = TRY(ports.source->fetch(release, folder, watch));
    const auto file = TRY(os::open_for_reading(fetched.artifact));
    VerifiedRelease out;
    out.target = TRY(verify(ports, release, fetched, file.get()));
    out.artifact = fetched.artifact;
    out.unpacked = ports.unpacker->stated_size(file.get()).value_or(0);
    auto text = ports.unpacker->read_member(file.get(), "uprev.release.yaml", release_file_limit);
    if (!text && text.error().code != Code::not_found) return std::move(text).error();
    if (text) out.release_text = std::move(*text);
    return out;
}

}  // namespace uprev
