// SPDX-License-Identifier: Apache-2.0
// Where a feed's files lie: a web server or a local folder. Addresses handed to a place are absolute ones that it made itself.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/source/part_file.hpp"
#include "os/http.hpp"
#include "ports/source.hpp"
#include "release/site_file.hpp"

namespace uprev {

class Place {
   public:
    virtual ~Place() = default;
    [[nodiscard]] virtual std::string feed_address() const = 0;
    // Addresses from the feed are relative to the feed or absolute; what may not be fetched from here is Code::refused.
    virtual Result<std::string> absolute(const std::string& address) const = 0;
    // A whole small file; Code::not_found when it isn't there.
    virtual Result<std::string> read(const std::string& address, std::uint64_t limit) = 0;
    // Fills `part` to the end, going on where it stands when it can. `size` 0: not stated.
    virtual Result<HashedFile> fetch(const std::string& address, std::uint64_t size, PartFile& part, const FetchWatch& watch) = 0;
    // Whether the file at `address` is still what `record` was made from; false when in doubt.
    virtual bool unchanged(const std::string& address, const PartRecord& record) = 0;
};

std::unique_ptr<Place> make_web_place(const FeedSpec& feed, os::Http& http);
std::unique_ptr<Place> make_folder_place(const FeedSpec& feed);

}  // namespace uprev
