// SPDX-License-Identifier: Apache-2.0
#include "adapters/registry.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "adapters/database/postgresql.hpp"
#include "adapters/database/sqlite.hpp"
#include "adapters/dependencies/dependencies.hpp"
#include "adapters/layout/beside.hpp"
#include "adapters/probe/probe.hpp"
#include "adapters/services/services.hpp"
#include "adapters/source/feed_source.hpp"
#include "adapters/unpacker/tar_unpacker.hpp"
#include "adapters/verifier/minisign.hpp"
#include "adapters/verifier/sha256.hpp"
#include "os/identity.hpp"

namespace uprev {

namespace {
template <typename Make>
using Table = std::map<std::string, Make, std::less<>>;

using MakeSource = std::function<Result<std::unique_ptr<Source>>(const SiteFile&, const OsParts&)>;
using MakeVerifier = std::function<Result<std::unique_ptr<Verifier>>(const SiteFile&)>;
using MakeLayout = std::function<Result<std::unique_ptr<Layout>>(const SiteFile&, const OsParts&)>;
using MakeDatabase = std::function<Result<std::unique_ptr<Database>>(const DatabaseSpec&, const SiteFile&, const OsParts&)>;
using MakeServices =
    std::function<Result<std::unique_ptr<Services>>(const SiteFile&, const std::vector<ServiceSpec>&, const OsParts&)>;

const Table<MakeSource>& sources() {
    static const Table<MakeSource> table{
        {"feed", [](const SiteFile& s, const OsParts& os) { return make_feed_source(s, *os.http); }}};
    return table;
}
const Table<MakeVerifier>& verifiers() {
    static const Table<MakeVerifier> table{{"sha256", [](const SiteFile& s) { return make_sha256_verifier(s.trust); }},
                                           {"minisign", [](const SiteFile& s) { return make_minisign_verifier(s.trust); }}};
    return table;
}
const Table<MakeLayout>& layouts() {
    static const Table<MakeLayout> table{
        {"beside", [](const SiteFile& s, const OsParts& os) { return make_beside_layout(s, *os.fs); }}};
    return table;
}
const Table<MakeDatabase>& databases() {
    static const Table<MakeDatabase> table{
        {"postgresql",
         [](const DatabaseSpec& d, const SiteFile& s, const OsParts& os) { return make_postgresql(d, s, *os.processes); }},
        {"sqlite", [](const DatabaseSpec& d, const SiteFile& s, const OsParts& os) { return make_sqlite(d, s, *os.fs); }}};
    return table;
}
const Table<MakeServices>& services_table() {
    static const Table<MakeServices> table{
        {"pm2", [](const SiteFile& s, const std::vector<ServiceSpec>& v,
                   const OsParts& os) { return make_pm2_services(s, v, *os.fs, *os.processes, *os.clock); }},
        {"command", [](const SiteFile& s, const std::vector<ServiceSpec>& v, const OsParts& os) {
             return make_command_services(s, v, *os.processes, *os.clock);
         }}};
    return table;
}

template <typename Make>
std::vector<std::string> names(const Table<Make>& table) {
    std::vector<std::string> out;
    for (const auto& [name, make] : table) out.push_back(name);
    return out;
}

template <typename Make>
Result<const Make*> pick(const Table<Make>& table, const std::string& kind, const std::string& port) {
    const auto found = table.find(kind);
    if (found != table.end()) return &found->second;
    std::string known;
    for (const auto& name : names(table)) known += (known.empty() ? "" : ", ") + name;
    return fail(Code::invalid, "no " + port + " adapter is called '" + kind + "'", "use one of: " + known);
}
}  // namespace

Result<std::unique_ptr<Adapters>> make_adapters(const SiteFile& site, const std::vector<ServiceSpec>& services,
                                                const OsParts& os) {
    auto out = std::make_unique<Adapters>();
    out->source = TRY((*TRY(pick(sources(), site.source.kind, "source")))(site, os));
    for (const auto& name : site.trust.require) out->verifiers.push_back(TRY((*TRY(pick(verifiers(), name, "verifier")))(site)));
    out->unpacker = make_tar_unpacker();
    out->layout = TRY((*TRY(pick(layouts(), site.layout, "layout")))(site, os));
    for (const auto& spec : site.databases)
        out->databases.emplace_back(spec.name, TRY((*TRY(pick(databases(), spec.kind, "database")))(spec, site, os)));
    out->services = TRY((*TRY(pick(services_table(), site.services.kind, "services")))(site, services, os));
    out->probe = make_probe(*os.http, *os.processes, {site.user, os::Path(site.root) / site.current, site.environment});
    out->dependencies = make_dependencies();
    auto& ports = out->ports;
    ports.fs = os.fs;
    ports.processes = os.processes;
    ports.clock = os.clock;
    ports.source = out->source.get();
    for (const auto& v : out->verifiers) ports.verifiers.push_back(v.get());
    ports.unpacker = out->unpacker.get();
    ports.layout = out->layout.get();
    for (const auto& [name, database] : out->databases) ports.databases[name] = database.get();
    ports.services = out->services.get();
    ports.probe = out->probe.get();
    for (const auto& d : out->dependencies) ports.dependencies.push_back(d.get());
    ports.in_use = [](const os::Path& folder) { return os::users_of(folder); };
    return out;
}

std::vector<std::string> adapter_names(std::string_view port) {
    if (port == "source") return names(sources());
    if (port == "verifier") return names(verifiers());
    if (port == "layout") return names(layouts());
    if (port == "database") return names(databases());
    if (port == "services") return names(services_table());
    return {};
}

}  // namespace uprev
