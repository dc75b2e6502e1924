// SPDX-License-Identifier: Apache-2.0
// Reads tar headers strictly (ustar, pax, GNU long names) beside libarchive, so that an archive which two readers could understand
// differently is refused: bad checksums, a size or name stated twice, unknown keys, sparse files, bytes after the end.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

enum class EntryKind { file, folder, symlink, hardlink };

struct TarHeader {
    EntryKind kind = EntryKind::file;
    std::string name;  // as written
    std::string link;  // target of a symlink or hardlink
    std::uint64_t size = 0;
};

class TarScanner {
   public:
    Result<> feed(std::string_view bytes);  // all bytes of the archive in order, in any pieces
    Result<> finish() const;                // REQUIRES: everything was fed
    // Headers in order; empty when none is waiting.
    std::deque<TarHeader>& headers() { return headers_; }

   private:
    using Records = std::map<std::string, std::string>;
    Result<> take_block(std::string_view block);
    Result<> take_header(std::string_view block);
    Result<> take_extension();
    Result<> begin_extension(char type, std::uint64_t size);
    Result<> take_entry(std::string_view block, char type, std::uint64_t size);
    Result<Records> parse_records(std::string_view text) const;
    Result<std::uint64_t> agreed_size(std::uint64_t size) const;

    std::string partial_;     // an incomplete block
    std::uint64_t skip_ = 0;  // bytes of data and padding left
    char collecting_ = '\0';  // 'x', 'g', 'L', 'K': an extension's body is being read
    std::string body_;
    std::uint64_t body_size_ = 0;
    Records records_;  // of the pax header before the next entry
    bool has_records_ = false;
    std::string long_name_;
    std::string long_link_;
    int zero_blocks_ = 0;
    std::deque<TarHeader> headers_;
};

}  // namespace uprev
