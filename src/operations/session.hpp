// SPDX-License-Identifier: Apache-2.0
// One installation, opened: its site file, state folder, journal and adapters. Everything a command or the worker acts through.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/registry.hpp"
#include "journal/journal.hpp"
#include "os/linux.hpp"
#include "release/config.hpp"

namespace uprev {

inline constexpr std::string_view uprev_version = "0.1.0";

struct SitePlace {
    std::string site_file;   // absolute
    std::string state_base;  // <state>; the installation's folder is <state>/<id>
};
// --site, $UPREV_SITE, ./uprev.yaml, /etc/uprev/uprev.yaml, the only /etc/uprev/*.yaml. Code::not_found lists where it looked.
Result<std::string> find_site_file(const std::string& flag);
std::string find_state_base(const std::string& flag);

class Session {
   public:
    enum class Mode { read, write };
    // `os`, when given, replaces the real operating system (crash tests); must outlive the session.
    static Result<std::unique_ptr<Session>> open(const SitePlace& place, Mode mode, const OsParts* os = nullptr);

    const SiteFile& site() const { return config_.site; }
    const SiteConfig& config() const { return config_; }
    const SitePlace& place() const { return place_; }
    const os::Path& state() const { return state_; }
    os::FileSystem& fs() { return *os_.fs; }
    os::Clock& clock() { return *os_.clock; }
    OsParts& os() { return os_; }
    Result<Journal*> journal();  // Code::not_found (with how to adopt) in read mode when there is none
    void use_processes(std::unique_ptr<os::Processes> processes);  // the worker's, which pass the lock on to shims

    // The effective release of a placed folder: its release file under the site's release section.
    Result<ReleaseFile> release_in(const os::Path& folder);
    Result<ReleaseFile> release_from(const std::string& vendor_text, const std::string& vendor_name);
    Result<std::unique_ptr<Adapters>> adapters(const std::vector<ReleaseFile>& releases) { return adapters(site(), releases); }
    // By a configuration that an operation pinned, whatever the site file says by now.
    Result<std::unique_ptr<Adapters>> adapters(const SiteFile& site, const std::vector<ReleaseFile>& releases);
    // The installation's own version and folder: the journal's active generation, held against the pointer.
    struct Active {
        std::string version;
        os::Path folder;
        std::int64_t generation = -1;  // -1: not adopted
    };
    Result<Active> active(const Layout& layout);

   private:
    Session() = default;
    SitePlace place_;
    SiteConfig config_;
    std::vector<Layer> layers_;
    os::Path state_;
    Mode mode_ = Mode::read;
    OsParts os_;
    std::unique_ptr<os::FileSystem> fs_;
    std::unique_ptr<os::Processes> processes_;
    std::unique_ptr<os::Http> http_;
    os::SystemClock clock_;
    std::optional<Journal> journal_;
};

}  // namespace uprev
