// SPDX-License-Identifier: Apache-2.0
// A private folder for one run under the shim, gone with its scope. What a starter leaves running may still write there; it is then
// writing into a removed file, and doesn't die of it.
#pragma once

#include "base/result.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class PrivateRecord {
   public:
    static Result<PrivateRecord> make();
    PrivateRecord(PrivateRecord&& other) noexcept : folder_(std::move(other.folder_)) { other.folder_.clear(); }
    PrivateRecord& operator=(PrivateRecord&&) = delete;
    ~PrivateRecord();
    [[nodiscard]] os::Path run() const { return folder_ / "run"; }

   private:
    explicit PrivateRecord(os::Path folder) : folder_(std::move(folder)) {}
    os::Path folder_;
};

}  // namespace uprev
