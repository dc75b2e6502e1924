// SPDX-License-Identifier: Apache-2.0
// For commands that change something without being an operation: the installation opened for writing, its lock held, and nothing that a
// dead uprev left behind: that is recovered first, as every changing command does.
#pragma once

#include <memory>
#include <optional>

#include "commands/command.hpp"
#include "operations/session.hpp"
#include "os/lock.hpp"

namespace uprev {

struct Exclusive {
    std::unique_ptr<Session> session;
    os::Lock lock;
    os::Descriptor root;  // locked too
    Journal* journal = nullptr;
};

// Code::not_found: not adopted. Code::conflict: somebody else holds the lock. Code::needs_operator: recovery ended there.
Result<Exclusive> take_exclusive(const Globals& globals, const std::string& what);

// What a dead uprev left is finished or taken back by a worker, like any operation; its report. Empty: nothing was left, or somebody is at
// work on it.
Result<std::optional<Reply>> recover_cut_off(const Globals& globals, Session& session);

// Whoever is at the keyboard: "alice (sudo)", or the user that we run as.
std::string asked_by();

SitePlace place_of(const Globals& globals, const std::string& site_file);
Result<std::unique_ptr<Session>> open_session(const Globals& globals, Session::Mode mode);

}  // namespace uprev
