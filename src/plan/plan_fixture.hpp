// SPDX-License-Identifier: Apache-2.0
// For tests that need something to plan: a shop in release folders with one database, two services, two dependency folders and a build.
// Its upgrade from 1.4.2 to 1.5.0 declares no migration until a test says so.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include "plan/facts.hpp"
#include "plan/make_plan.hpp"
#include "plan/step.hpp"

namespace uprev {

inline MigrationSpec a_migration(const std::string& name, bool compatible) {
    MigrationSpec out;
    out.name = name;
    out.database = "main";
    out.command.argv = {"npm", "run", name};
    out.declared_compatible = compatible;
    return out;
}

inline BuildSpec a_build(const std::string& name, const std::string& after = {}) {
    BuildSpec out;
    out.name = name;
    out.command.argv = {"npm", "run", "build"};
    out.command.cwd = name;
    out.after = after;
    return out;
}

inline ServiceSpec a_service(const std::string& name, const std::string& role) {
    ServiceSpec out;
    out.name = name;
    out.role = role;
    return out;
}

struct Shop {
    SiteFile site;
    ReleaseFile release;
    ReleaseFile old_release;
    Facts facts;
    Target target;
    bool folder_exists = false;
    std::string breaking_before;

    Shop() {
        site.id = "shop";
        site.root = "/srv/shop";
        site.keep = {".env", "uploads"};
        DatabaseSpec main;
        main.name = "main";
        main.kind = "postgresql";
        site.databases = {main};
        release.version = "1.5.0";
        release.schema = "8";
        release.reads_schema = {"7"};
        release.dependencies = std::vector<DependencySpec>{{"", "npm", {}}, {"backend", "npm", {}}};
        release.builds = {a_build("admin")};
        release.services = {a_service("backend", "web"), a_service("jobs", "worker")};
        old_release.version = "1.4.2";
        old_release.schema = "7";
        old_release.services = {a_service("backend", "web"), a_service("mailer", "worker")};
        facts.active_version = "1.4.2";
        facts.active_folder = "/srv/shop/releases/20260101000000_v1.4.2";
        facts.databases["main"].address = "postgresql://127.0.0.1:5432/shop";
        facts.databases["main"].schema = "7";
        facts.capabilities.graceful_reload = true;
        facts.capabilities.guard = true;
        target.version = "1.5.0";
        target.artifact_name = "shop-1.5.0.tar.xz";
        target.sha256 = std::string(64, 'a');
    }

    void migrates(bool compatible) { release.migrations = {a_migration("core", compatible)}; }

    [[nodiscard]] PlanInput input() const {
        return {&site, &release, &old_release, &facts, target, folder_exists, false, breaking_before};
    }
    [[nodiscard]] Plan upgrade() const { return plan_upgrade(input()); }
};

}  // namespace uprev
