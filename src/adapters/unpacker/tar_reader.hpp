// SPDX-License-Identifier: Apache-2.0
// Entries of an archive in order, each checked against every rule before it is handed out. libarchive reads; the strict scanner reads
// beside it, and where the two disagree the archive is refused. Any warning of libarchive is fatal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/unpacker/release_tree.hpp"
#include "base/result.hpp"
#include "ports/unpacker.hpp"

namespace uprev {

struct TarEntry {
    EntryKind kind = EntryKind::file;
    std::string path;  // clean, relative; empty for the release folder itself
    std::string link;  // symlink: its target as written; hardlink: the clean path of an earlier file
    std::uint64_t size = 0;
    bool executable = false;
    std::int64_t modified = 0;  // seconds since the epoch
};

class TarReader {
   public:
    // REQUIRES: `fd` outlives the reader.
    static Result<std::unique_ptr<TarReader>> open(int fd, const UnpackLimits& limits, std::function<bool()> cancelled);
    TarReader(const TarReader&) = delete;
    TarReader& operator=(const TarReader&) = delete;
    ~TarReader();

    // The next entry, valid until the next call; null at the end, when the whole archive has been read and found sound.
    Result<const TarEntry*> next();
    // The next piece of the current file; empty at its end.
    Result<std::string_view> data();

    [[nodiscard]] const ReleaseTree& tree() const;
    [[nodiscard]] const Unpacked& totals() const;
    // Digest of the packed bytes. REQUIRES: next() has answered null.
    [[nodiscard]] const std::string& sha256() const;

   private:
    struct State;
    explicit TarReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uprev
