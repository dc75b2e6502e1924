// SPDX-License-Identifier: Apache-2.0
// The commented site file that `uprev init` writes. Whatever the answers, the text parses as a site file, or the answers are refused.
#pragma once

#include <string>

#include "base/result.hpp"

namespace uprev {

struct InitAnswers {
    std::string id;
    std::string root;                  // absolute
    std::string application;           // empty: left as a comment
    std::string user;                  // empty: left as a comment
    std::string services = "command";  // pm2 | command
    std::string database;              // postgresql | sqlite | "" (none)
    std::string feed_url;              // https://… or an absolute folder
    std::string minisign_key;          // empty: only digests are asked for, with a warning in the text
};

// Code::invalid, with every problem, for answers that no site file may hold.
Result<std::string> site_template(const InitAnswers& answers);

}  // namespace uprev
