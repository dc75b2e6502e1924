// SPDX-License-Identifier: Apache-2.0
// What the guest may rely on, told to the host through the disk itself: each promise is one write behind the end of the file system. The
// host records all writes in order, so it knows for every moment which calls had returned and which one was under way.
// These writes bypass the page cache and flush nothing, so they make nothing durable that wasn't.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace powercut {

// "pointer" -> "20260000000017_v1.0.17". An empty value: gone.
using Facts = std::map<std::string, std::string>;
uprev::Json as_json(const Facts& facts);

class Promises {
   public:
    static uprev::Result<Promises> open(const std::string& device, std::uint64_t offset);
    // Says that `change` is about to happen, makes it happen, and says that it is durable. `change` is atomic: all of it or nothing.
    template <typename Call>
    uprev::Result<> keep(const Facts& change, Call&& call) {
        TRY_VOID(tell(change, false));
        TRY_VOID(call());
        return tell(change, true);
    }

   private:
    Promises(int device, std::uint64_t offset) : device_(device), offset_(offset) {}
    uprev::Result<> tell(const Facts& change, bool returned);

    int device_;  // never closed: the process ends with the power
    std::uint64_t offset_;
    std::uint64_t number_ = 0;
};

}  // namespace powercut
