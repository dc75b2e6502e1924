// SPDX-License-Identifier: Apache-2.0
// uprev verify: a file against a key or a digest, or the active release against what was sealed.
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

#include "adapters/verifier/minisign.hpp"
#include "adapters/verifier/sha256.hpp"
#include "commands/exclusive.hpp"
#include "commands/rows.hpp"
#include "os/open.hpp"
#include "preflight/manifest.hpp"

namespace uprev::commands {

namespace {
struct Request {
    std::string file;
    std::string signature;
    std::string digest;
    TrustSpec trust;
    std::string version;
};

Reply answer(const std::string& what, const std::vector<std::string>& held, const std::string& failed, const std::string& hint) {
    std::string text;
    for (const auto& check : held) text += "ok    " + check + "\n";
    if (!failed.empty()) text += "FAIL  " + failed + "\n" + (hint.empty() ? "" : "next: " + hint + "\n");
    return {{{"subject", what}, {"verified", failed.empty()}, {"checks", held}, {"failed", failed}, {"hint", hint}},
            text,
            failed.empty() ? 0 : 4};
}

// A failed check is an answer; only what kept us from checking is an error.
Result<Reply> judged(Verifier& verifier, Subject& subject, const std::string& file) {
    const auto open = TRY(os::open_for_reading(std::filesystem::absolute(file)));
    subject.fd = open.get();
    subject.name = std::filesystem::path(file).filename().string();
    auto evidence = verifier.verify(subject);
    if (evidence) return answer(file, evidence->checks, "", "");
    if (evidence.error().code == Code::untrusted) return answer(file, {}, evidence.error().text(), evidence.error().hint);
    return std::move(evidence).error();
}

Result<Reply> minisign(const Request& r) {
    Subject subject;
    subject.signature =
        TRY(os::make_filesystem()->read(std::filesystem::absolute(r.signature), 1U << 20U).within("reading the signature"));
    if (!r.version.empty()) subject.version = TRY(Version::parse(r.version));
    if (subject.signature.empty()) return answer(r.file, {}, "'" + r.signature + "' is empty", "");
    return judged(*make_minisign_verifier(r.trust), subject, r.file);
}

Result<Reply> sha256(const Request& r) {
    Subject subject;
    subject.stated_sha256 = r.digest;
    return judged(*make_sha256_verifier(r.trust), subject, r.file);
}

Result<Reply> active_release(const Globals& globals) {
    auto session = TRY(open_session(globals, Session::Mode::read));
    auto adapters = TRY(session->adapters({session->site().release}));
    const auto active = TRY(session->active(*adapters->layout));
    const auto manifest = adapters->ports.manifests / (active.folder.filename().string() + ".json");
    if (TRY(session->fs().info(manifest)).type == os::FileType::missing)
        return fail(Code::not_found, "uprev didn't place " + active.folder.string() + ", so there is nothing to hold it against",
                    "the next upgrade makes a release that can be verified");
    const auto edited = TRY(edited_since(session->fs(), active.folder, adapters->ports.manifests, 100));
    std::string list;
    for (const auto& path : edited) list += (list.empty() ? "" : ", ") + path;
    if (!list.empty())
        return answer(active.folder.string(), {}, "changed since it was placed: " + list,
                      "take the changes back, or upgrade with --accept-edits");
    return answer(active.folder.string(), {active.folder.string() + " (" + active.version + ") is as it was placed"}, "", "");
}
}  // namespace

CommandRow verify() {
    return {"verify", "check a file's signature or digest, or the active release",
            "Without a subcommand: whether the active release still is what was verified and placed. Exit code 0 only when every "
            "check holds, 4 otherwise.\n\n"
            "  uprev verify\n"
            "  uprev verify minisign --key RWQ… --signature app-1.4.2.tar.xz.minisig app-1.4.2.tar.xz\n"
            "  uprev verify sha256 --digest 9f86d0…0a08 app-1.4.2.tar.xz",
            [](CLI::App& app) -> Action {
                auto r = std::make_shared<Request>();
                auto* signed_ = app.add_subcommand("minisign", "a minisign signature");
                signed_->add_option("--key", r->trust.minisign.keys, "trusted public key; may be given more than once")
                    ->required()
                    ->type_name("KEY")
                    ->expected(1)
                    ->take_all();
                signed_->add_option("--signature", r->signature, "the signature file")->required()->type_name("FILE");
                signed_
                    ->add_option("--trusted-comment", r->trust.minisign.trusted_comment,
                                 "what the trusted comment must hold, such as version:1.4.2")
                    ->type_name("TEXT");
                signed_->add_flag("--allow-legacy", r->trust.minisign.allow_legacy, "accept a signature that is not prehashed");
                signed_->add_option("file", r->file, "the file")->required()->type_name("FILE");
                auto* hashed = app.add_subcommand("sha256", "a SHA-256 digest");
                hashed->add_option("--digest", r->digest, "64 hexadecimal digits")->required()->type_name("HEX");
                hashed->add_option("file", r->file, "the file")->required()->type_name("FILE");
                return [r, signed_, hashed](const Globals& globals) {
                    if (signed_->parsed()) return minisign(*r);
                    return hashed->parsed() ? sha256(*r) : active_release(globals);
                };
            }};
}

}  // namespace uprev::commands
