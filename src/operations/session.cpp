// SPDX-License-Identifier: Apache-2.0
#include "operations/session.hpp"

#include <algorithm>
#include <cstdlib>

#include "os/identity.hpp"
#include "preflight/observe.hpp"

namespace uprev {

namespace {
namespace fs = std::filesystem;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::vector<std::string> system_sites() {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/etc/uprev", error))
        if (entry.path().extension() == ".yaml") out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    return out;
}

std::string absolute(const std::string& path) { return fs::absolute(path).lexically_normal().string(); }
}  // namespace

Result<std::string> find_site_file(const std::string& flag) {
    if (!flag.empty()) return absolute(flag);
    if (const auto named = environment("UPREV_SITE"); !named.empty()) return absolute(named);
    std::error_code error;
    for (const char* usual : {"uprev.yaml", "/etc/uprev/uprev.yaml"})
        if (fs::exists(usual, error)) return absolute(usual);
    const auto sites = system_sites();
    if (sites.size() == 1) return sites.front();
    if (sites.empty())
        return fail(Code::not_found,
                    "no site file: looked for --site, $UPREV_SITE, ./uprev.yaml, /etc/uprev/uprev.yaml and /etc/uprev/*.yaml",
                    "write one with 'uprev init'");
    std::string names;
    for (const auto& site : sites) names += " " + site;
    return fail(Code::invalid, "there are several installations:" + names, "name one with --site");
}

std::string find_state_base(const std::string& flag) {
    if (!flag.empty()) return absolute(flag);
    if (const auto named = environment("UPREV_STATE"); !named.empty()) return absolute(named);
    if (os::is_root()) return "/var/lib/uprev";
    const auto xdg = environment("XDG_STATE_HOME");
    return (xdg.empty() ? os::current_user().home + "/.local/state" : xdg) + "/uprev";
}

Result<std::unique_ptr<Session>> Session::open(const SitePlace& place, Mode mode, const OsParts* os) {
    std::unique_ptr<Session> s(new Session());
    s->place_ = place;
    s->mode_ = mode;
    const auto plain = os::make_filesystem();
    s->layers_ = {{"site", place.site_file, TRY(plain->read(place.site_file, 4U << 20U).within("reading the site file"))}};
    s->config_ = TRY(parse_site(s->layers_));
    s->state_ = os::Path(place.state_base) / s->site().id;
    s->fs_ = os::make_filesystem(s->site().root);
    s->processes_ = os::make_processes();
    s->http_ = os::make_http();
    s->os_ = os != nullptr ? *os : OsParts{s->fs_.get(), s->processes_.get(), s->http_.get(), &s->clock_};
    if (!s->site().user.empty()) {
        TRY(os::find_user(s->site().user));
        if (!os::is_root() && os::current_user().name != s->site().user)
            return fail(Code::permission,
                        "the site file says user: " + s->site().user + ", and only root can act as another user",
                        "run it with sudo: uprev's record of this installation is root's");
    }
    if (mode == Mode::write) TRY_VOID(s->fs_->make_folders(s->state_, 0700));
    return s;
}

void Session::use_processes(std::unique_ptr<os::Processes> processes) {
    if (os_.processes != processes_.get()) return;  // replaced by a test: keep it
    processes_ = std::move(processes);
    os_.processes = processes_.get();
}

Result<Journal*> Session::journal() {
    if (journal_) return &*journal_;
    const auto file = state_ / "journal.db";
    if (mode_ == Mode::read && TRY(os_.fs->info(file)).type == os::FileType::missing)
        return fail(Code::not_found, "uprev doesn't look after '" + site().id + "' yet: there is no " + file.string(),
                    "take the running installation in with 'uprev adopt'");
    Journal::Options options;
    options.read_only = mode_ == Mode::read;
    options.machine_id = os::machine_id();
    options.clock = os_.clock;
    journal_ = TRY(Journal::open(file, std::move(options)));
    return &*journal_;
}

Result<ReleaseFile> Session::release_from(const std::string& vendor_text, const std::string& vendor_name) {
    if (vendor_text.empty()) return site().release;
    return effective_release(vendor_text, vendor_name, layers_);
}

Result<ReleaseFile> Session::release_in(const os::Path& folder) {
    const auto file = folder / "uprev.release.yaml";
    auto text = os_.fs->read(file, 1U << 20U);
    if (!text && text.error().code != Code::not_found) return std::move(text).error();
    return release_from(text ? *text : std::string(), file.string());
}

Result<std::unique_ptr<Adapters>> Session::adapters(const SiteFile& site, const std::vector<ReleaseFile>& releases) {
    std::vector<ServiceSpec> services;
    for (const auto& release : releases)
        for (const auto& service : release.services) {
            const bool known =
                std::any_of(services.begin(), services.end(), [&](const auto& s) { return s.name == service.name; });
            if (!known) services.push_back(service);
        }
    auto out = TRY(make_adapters(site, services, os_));
    out->ports.manifests = state_ / "manifests";
    return out;
}

Result<Session::Active> Session::active(const Layout& layout) {
    const auto placed = TRY(layout.active());
    Active out{version_of_folder(*os_.fs, placed), placed.folder, -1};
    auto opened = journal();
    if (!opened && opened.error().code == Code::not_found) return out;
    if (!opened) return std::move(opened).error();
    for (const auto& g : TRY((*opened)->generations()))
        if (g.folder == placed.folder.string() && g.state != GenerationState::failed) {
            out.version = g.version;
            out.generation = g.number;
            break;
        }
    return out;
}

}  // namespace uprev
