// SPDX-License-Identifier: Apache-2.0
// uprev init: a commented site file to start from.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

#include "commands/rows.hpp"
#include "os/linux.hpp"
#include "release/init_template.hpp"

namespace uprev::commands {

namespace {
struct Request {
    InitAnswers answers;
    std::string output;
    bool force = false;
};

// What was not answered becomes an example to be edited.
InitAnswers completed(InitAnswers answers) {
    if (answers.id.empty() && !answers.root.empty()) answers.id = std::filesystem::path(answers.root).filename().string();
    if (answers.id.empty()) answers.id = "my-app";
    if (answers.root.empty()) answers.root = "/opt/" + answers.id;
    if (answers.feed_url.empty()) answers.feed_url = "https://example.com/releases/feed.json";
    return answers;
}

Result<Reply> run(const Globals& globals, const Request& request) {
    const auto answers = completed(request.answers);
    const auto text = TRY(site_template(answers));
    if (request.output == "-") return Reply{{{"text", text}}, text, 0};
    const auto named = !request.output.empty() ? request.output : !globals.site.empty() ? globals.site : "uprev.yaml";
    const auto file = std::filesystem::absolute(named).lexically_normal();
    const auto fs = os::make_filesystem();
    const bool there = TRY(fs->info(file)).type != os::FileType::missing;
    if (there && !request.force)
        return fail(Code::refused, file.string() + " exists already",
                    "write elsewhere with --output, or replace it with --force");
    TRY_VOID(fs->make_folders(file.parent_path(), 0755));
    TRY_VOID(fs->write(file, text, 0644));
    return Reply{{{"file", file.string()}, {"id", answers.id}, {"root", answers.root}, {"replaced", there}},
                 fmt::format("wrote {}\nnext: edit it, then: uprev --site {} config --check && uprev --site {} doctor\n",
                             file.string(), file.string(), file.string()),
                 0};
}
}  // namespace

CommandRow init() {
    return {
        "init", "write a commented site file to start from",
        "Writes a site file that is valid as it stands and says what each part is for. Never replaces a file without --force.\n\n"
        "  uprev init --id shop --root /opt/shop --services pm2 --database postgresql --feed https://vendor.example/feed.json\n"
        "  uprev init --output /etc/uprev/shop.yaml",
        [](CLI::App& app) -> Action {
            auto r = std::make_shared<Request>();
            app.add_option("--id", r->answers.id, "the installation's name on this machine")->type_name("NAME");
            app.add_option("--root", r->answers.root, "where the application lives (default: /opt/NAME)")->type_name("DIR");
            app.add_option("--application", r->answers.application, "the application's name, against mix-ups")->type_name("NAME");
            app.add_option("--user", r->answers.user, "who builds, migrates and runs the services")->type_name("USER");
            app.add_option("--services", r->answers.services, "service manager")->check(CLI::IsMember({"pm2", "command"}));
            app.add_option("--database", r->answers.database, "database")->check(CLI::IsMember({"postgresql", "sqlite"}));
            app.add_option("--feed", r->answers.feed_url, "the vendor's feed, or a folder")->type_name("URL");
            app.add_option("--minisign-key", r->answers.minisign_key, "the vendor's public key (second line of minisign.pub)")
                ->type_name("KEY");
            app.add_option("--output", r->output, "the file to write, - for standard output (default: --site, else ./uprev.yaml)")
                ->type_name("FILE");
            app.add_flag("--force", r->force, "replace the file if it exists");
            return [r](const Globals& globals) { return run(globals, *r); };
        }};
}

}  // namespace uprev::commands
