// SPDX-License-Identifier: Apache-2.0
// Shows a running operation. On a terminal: one live line per running step, bytes and rate for downloads, elapsed time. In a pipe: plain lines.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include "base/json.hpp"
#include "os/clock.hpp"

namespace uprev {

class Progress {
   public:
    Progress(bool live, bool silent) : live_(live), silent_(silent) {}
    void show(const Json& event);
    void line(const std::string& text);  // goes to standard error when live lines are off and output is JSON
    void tick();                         // redraws live lines
    void end();                          // takes live lines away

   private:
    struct Running {
        std::string title;
        std::string detail;
        os::Milliseconds since{0};  // on clock_
    };
    [[nodiscard]] std::string elapsed(os::Milliseconds since) const;
    void erase();
    void draw();
    void step(const Json& event);
    void download(const Json& event);

    bool live_;
    bool silent_;
    std::size_t drawn_ = 0;
    std::map<std::string, Running> running_;  // by step id
    os::SystemClock clock_;
    os::Milliseconds last_draw_{0};
    os::Milliseconds download_since_{0};
    std::uint64_t download_from_ = 0;
    int last_tenth_ = -1;
};

}  // namespace uprev
