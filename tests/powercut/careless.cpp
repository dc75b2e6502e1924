// SPDX-License-Identifier: Apache-2.0
#include "careless.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace powercut {

namespace {
struct LeftOut {
    bool fsync = false;
    bool fdatasync = false;
    bool syncfs = false;
};
LeftOut left_out;  // read by functions whose signature is the C library's

int flush(bool leave_out, long call, int fd) { return leave_out ? 0 : static_cast<int>(::syscall(call, fd)); }
}  // namespace

void leave_out(std::string_view calls) {
    const auto named = [&](std::string_view call) {
        for (std::string_view rest = calls; !rest.empty();) {
            const auto comma = rest.find(',');
            if (rest.substr(0, comma) == call) return true;
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
        return false;
    };
    left_out = {named("fsync"), named("fdatasync"), named("syncfs")};
}

}  // namespace powercut

extern "C" {
int fsync(int fd) { return powercut::flush(powercut::left_out.fsync, SYS_fsync, fd); }
int fdatasync(int fd) { return powercut::flush(powercut::left_out.fdatasync, SYS_fdatasync, fd); }
int syncfs(int fd) noexcept { return powercut::flush(powercut::left_out.syncfs, SYS_syncfs, fd); }
}
