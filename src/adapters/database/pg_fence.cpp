// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_fence.hpp"

#include "adapters/database/pg_copy.hpp"
#include "adapters/database/pg_names.hpp"
#include "adapters/database/pg_sweep.hpp"

namespace uprev {

namespace {
Result<> rename(const PgServer& server, PgConnection& admin, const std::string& from, const std::string& to) {
    return pg_rename(admin, server.opener(), {from}, "ALTER DATABASE " + pg_name(from) + " RENAME TO " + pg_name(to))
        .within("renaming database '" + from + "' to '" + to + "'");
}

Error both_exist(const std::string& ordinary, const std::string& fenced) {
    return fail(Code::conflict,
                "both '" + ordinary + "' and '" + fenced + "' exist: something created '" + ordinary + "' while it was fenced",
                "look into both, then drop or rename the one that is not the application's");
}

Fence described(const PgServer& server, const std::string& fenced) {
    Fence fence{server.name(), fenced, {}, {}};
    const PgAddress& address = server.application() ? server.application()->address : server.own();
    if (server.spec().url_env.empty()) return fence;
    const std::string url = address.with_database(fenced);
    fence.env[server.spec().url_env] = url;
    fence.secrets = address.secrets;
    if (!address.secrets.empty()) fence.secrets.push_back(url);
    return fence;
}

// A rule in pg_hba.conf or a pooler may know the database by its ordinary name only: then the migration could not reach it.
Result<> reachable(const PgServer& server, const std::string& fenced) {
    if (!server.application()) return {};
    auto tried = server.open_as_application(fenced);
    if (tried) return {};
    auto error = std::move(tried).error();
    error.hint = "allow the application's role to connect to databases named like '" + fenced + "' (pg_hba.conf, pooler)";
    return std::move(error).within("the application's address does not work under the fenced name");
}
}  // namespace

Result<Fence> pg_fence(const PgServer& server, const std::string& mark) {
    auto admin = TRY(server.claim());
    const std::string& ordinary = server.database();
    const std::string fenced = pg_beside(ordinary, PgWord::fenced, mark);
    const auto live = TRY(server.locate(admin));
    if (live.fenced && live.name != fenced)
        return fail(Code::conflict, "database '" + ordinary + "' is fenced as '" + live.name + "' by another operation",
                    "uprev status shows it");
    if (!live.fenced) TRY_VOID(rename(server, admin, ordinary, fenced));
    if (auto fine = reachable(server, fenced); !fine) {
        TRY_VOID(rename(server, admin, fenced, ordinary));
        return fine.error();
    }
    return described(server, fenced);
}

Result<> pg_unfence(const PgServer& server, const std::string& mark) {
    auto admin = TRY(server.claim());
    const std::string fenced = pg_beside(server.database(), PgWord::fenced, mark);
    if (TRY(pg_exists(admin, fenced))) {
        if (TRY(pg_exists(admin, server.database()))) return both_exist(server.database(), fenced);
        TRY_VOID(rename(server, admin, fenced, server.database()));
    }
    return pg_sweep(admin, server.database());
}

}  // namespace uprev
