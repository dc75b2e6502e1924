// SPDX-License-Identifier: Apache-2.0
// A download in the making: `<name>.part` with `<name>.json` beside it, which says what the part is a part of.
// A part whose record doesn't match is emptied, never continued. `name` appears only whole, but for a power cut: see `finished`.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"
#include "release/digest.hpp"

namespace uprev {

// What a download is of, and how far its server lets us go on with it.
struct PartRecord {
    std::string url;
    std::string validator;   // for If-Range; empty: start anew
    std::uint64_t size = 0;  // stated by the feed; 0: not stated
    std::string sha256;      // stated by the feed, or computed once complete; empty: not known
    bool complete = false;
};

struct HashedFile {
    std::uint64_t size = 0;
    std::string sha256;
};

class PartFile {
   public:
    // REQUIRES: `folder` exists and belongs to us alone.
    static Result<PartFile> open(const os::Path& folder, const std::string& name);

    [[nodiscard]] int descriptor() const { return part_.get(); }
    [[nodiscard]] const PartRecord& record() const { return record_; }
    Result<std::uint64_t> size() const;           // bytes in the part
    Result<> keep(const PartRecord& record);      // replaces the record
    Result<> empty();                             // forgets the part
    Result<> complete(const PartRecord& record);  // renames the part to `name`
    void drop();                                  // removes an empty part beside a finished file
    // The finished file of an earlier run, hashed anew; size 0 when there is none.
    Result<HashedFile> finished() const;

   private:
    PartFile() = default;
    Result<> load();

    os::Path folder_path_;
    std::string name_;
    os::Descriptor folder_;
    os::Descriptor part_;
    PartRecord record_;
};

// SHA-256 of an open file, from its start.
Result<HashedFile> hash_file(int fd);

}  // namespace uprev
