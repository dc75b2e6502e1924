// SPDX-License-Identifier: Apache-2.0
// A user with all groups, as numbers: what a process needs to become one. For this folder only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"

namespace uprev::os {

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};
Result<Account> find_account(const std::string& name);  // empty: the effective user

}  // namespace uprev::os
