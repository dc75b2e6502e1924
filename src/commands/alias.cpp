// SPDX-License-Identifier: Apache-2.0
// uprev alias: the vendor's own command names as links to uprev, and the list that tells uprev what each of them means.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "commands/exclusive.hpp"
#include "commands/rows.hpp"
#include "os/worker.hpp"

namespace uprev::commands {

namespace {
// <state>/aliases.json: {name: {"site", "state", "command", "link"}}. Called by an alias, uprev knows no flags yet, so the list always
// lies in the state folder that goes without saying.
class Registry {
   public:
    static Result<Registry> open() {
        Registry out;
        out.fs_ = os::make_filesystem();
        out.file_ = os::Path(find_state_base("")) / "aliases.json";
        const auto text = out.fs_->read(out.file_, 1U << 20U);
        if (!text && text.error().code != Code::not_found) return text.error();
        if (text) out.rows = TRY(parse_json(*text, out.file_.string()));
        if (!out.rows.is_object())
            return fail(Code::corrupt, out.file_.string() + " is no list of aliases",
                        "remove it, then run 'uprev alias install' for each site file");
        return out;
    }
    Result<> save() {
        TRY_VOID(fs_->make_folders(file_.parent_path(), 0700));
        return fs_->write(file_, rows.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", 0600);
    }
    os::FileSystem& fs() { return *fs_; }
    Json rows = Json::object();

   private:
    std::unique_ptr<os::FileSystem> fs_;
    os::Path file_;
};

enum class Link { missing, ours, foreign };

Result<Link> look(const os::FileSystem& fs, const os::Path& link) {
    const auto info = TRY(fs.info(link));
    if (info.type == os::FileType::missing) return Link::missing;
    if (info.type != os::FileType::symlink) return Link::foreign;
    const auto target = TRY(fs.read_link(link));
    // An uprev of another place is still uprev: its link may be moved to this one.
    return target.filename() == "uprev" ? Link::ours : Link::foreign;
}

Json row_of(const std::string& name, const Json& row) {
    return {{"name", name},
            {"command", row.value("command", Json::array())},
            {"link", row.value("link", "")},
            {"site", row.value("site", "")},
            {"state", row.value("state", "")}};
}

std::string text_of(const Json& rows, const std::string& verb) {
    std::string text;
    for (const auto& r : rows) {
        std::string command;
        for (const auto& word : r["command"]) command += " " + word.get<std::string>();
        text += fmt::format("{}{} -> uprev --site {}{}\n", verb,
                            r["link"].get<std::string>().empty() ? r["name"].get<std::string>() : r["link"].get<std::string>(),
                            r["site"].get<std::string>(), command);
    }
    return text.empty() ? "no alias is installed\n" : text;
}

// Everything is judged before anything is written.
Result<> may_install(Registry& registry, const AliasSpec& alias, const os::Path& link, const std::string& site_file) {
    if (TRY(look(registry.fs(), link)) == Link::foreign)
        return fail(Code::refused, link.string() + " exists and is not uprev's",
                    "remove it yourself, or choose another folder with --dir");
    if (!registry.rows.contains(alias.name)) return {};
    const auto other = registry.rows[alias.name].value("site", "");
    if (other != site_file)
        return fail(Code::conflict, "'" + alias.name + "' is an alias of " + other + " already",
                    "rename it in one of the site files, or run 'uprev --site " + other + " alias remove'");
    return {};
}

Result<Reply> install(const Globals& globals, const std::string& folder) {
    const auto file = TRY(find_site_file(globals.site));
    auto session = TRY(open_session(globals, Session::Mode::read));
    const auto& aliases = session->site().aliases;
    if (aliases.empty())
        return fail(Code::not_found, "the site file names no aliases", "for example aliases: {shop-upgrade: [upgrade]}");
    auto registry = TRY(Registry::open());
    const auto dir = std::filesystem::absolute(folder).lexically_normal();
    for (const auto& alias : aliases) TRY_VOID(may_install(registry, alias, dir / alias.name, file));
    Json done = Json::array();
    for (const auto& alias : aliases) {
        registry.rows[alias.name] = {{"site", file},
                                     {"state", session->place().state_base},
                                     {"command", alias.command},
                                     {"link", (dir / alias.name).string()}};
        done.push_back(row_of(alias.name, registry.rows[alias.name]));
    }
    TRY_VOID(registry.save());  // first: a link without its row would be of no use
    TRY_VOID(registry.fs().make_folders(dir, 0755));
    for (const auto& alias : aliases) TRY_VOID(registry.fs().point(dir / alias.name, os::own_executable()));
    return Reply{{{"installed", done}}, text_of(done, "installed "), 0};
}

Result<Reply> list(const Globals& globals) {
    const auto file = globals.site.empty() ? std::string() : TRY(find_site_file(globals.site));
    auto registry = TRY(Registry::open());
    Json rows = Json::array();
    for (const auto& [name, row] : registry.rows.items()) {
        if (!file.empty() && row.value("site", "") != file) continue;
        auto shown = row_of(name, row);
        shown["linked"] = TRY(look(registry.fs(), row.value("link", "/nowhere"))) == Link::ours;
        rows.push_back(shown);
    }
    return Reply{{{"aliases", rows}}, text_of(rows, ""), 0};
}

Result<Reply> remove(const Globals& globals, const std::vector<std::string>& names) {
    const auto file = TRY(find_site_file(globals.site));
    auto registry = TRY(Registry::open());
    for (const auto& name : names)
        if (!registry.rows.contains(name) || registry.rows[name].value("site", "") != file)
            return fail(Code::not_found, "'" + name + "' is no alias of " + file, "see 'uprev alias list'");
    Json gone = Json::array();
    auto kept = Json::object();
    for (const auto& [name, row] : registry.rows.items()) {
        const bool chosen =
            row.value("site", "") == file && (names.empty() || std::find(names.begin(), names.end(), name) != names.end());
        if (!chosen)
            kept[name] = row;
        else
            gone.push_back(row_of(name, row));
    }
    for (const auto& row : gone) {
        const os::Path link = row["link"].get<std::string>();
        if (link.is_absolute() && TRY(look(registry.fs(), link)) == Link::ours) TRY_VOID(registry.fs().remove_tree(link));
    }
    registry.rows = kept;
    TRY_VOID(registry.save());
    return Reply{{{"removed", gone}}, gone.empty() ? "nothing to remove\n" : text_of(gone, "removed "), 0};
}
}  // namespace

CommandRow alias() {
    return {"alias", "the vendor's own command names for uprev",
            "Links each name under 'aliases' in the site file to uprev, so that the vendor's page stays true. A file that isn't "
            "uprev's is never replaced.\n\n"
            "  uprev alias install\n"
            "  carphacom-upgrade --to 1.4.2      now runs uprev upgrade --to 1.4.2",
            [](CLI::App& app) -> Action {
                app.require_subcommand(1);
                auto folder = std::make_shared<std::string>("/usr/local/bin");
                auto names = std::make_shared<std::vector<std::string>>();
                auto* installing = app.add_subcommand("install", "link the site file's aliases");
                installing->add_option("--dir", *folder, "where the links go (default: /usr/local/bin)")->type_name("DIR");
                auto* listing = app.add_subcommand("list", "those that are installed");
                auto* removing = app.add_subcommand("remove", "take the site file's aliases away again");
                removing->add_option("name", *names, "only these")->type_name("NAME");
                return [=](const Globals& globals) {
                    if (installing->parsed()) return install(globals, *folder);
                    return listing->parsed() ? list(globals) : remove(globals, *names);
                };
            }};
}

}  // namespace uprev::commands
