// SPDX-License-Identifier: Apache-2.0
// What may go: release folders and snapshot sets beyond what the site keeps. Counts good generations only; never the active release,
// the one that a rollback goes to, what a running process still uses, what an open decision needs, or anything while its purpose is unknown.
#pragma once

#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ports/database.hpp"
#include "ports/layout.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct RetentionItem {
    std::string what;  // "release", "snapshot set", "staging"
    std::string path;  // folder or set id
    bool keep = true;
    std::string reason;  // "active", "last good", "in use by pid 42", "older than the 3 kept"
};

// What the ways out of an operation that waits for an operator need.
struct OpenDecision {
    std::vector<os::Path> releases;
    std::string set;
};

struct RetentionInput {
    const Layout* layout = nullptr;
    const os::FileSystem* fs = nullptr;
    std::function<std::vector<int>(const os::Path&)> in_use;
    os::Path releases;  // absolute
    os::Path snapshots;
    RetentionSpec keep;
    os::Path manifests;  // <state>/manifests: what uprev placed has one; empty: not asked
    OpenDecision open;
    std::string leaving;  // the version that an operation under way goes back from: nothing marks it yet
};
Result<std::vector<RetentionItem>> judge_retention(const RetentionInput& input, const Journal& journal);

}  // namespace uprev
