// SPDX-License-Identifier: Apache-2.0
// What an operation is doing right now, one JSON object a line, appended to <state>/ops/<operation>/events.log for whoever watches.
// A convenience, not a record: the journal is the record, and a lost line loses nothing.
#pragma once

#include <fstream>
#include <mutex>
#include <string>

#include "base/json.hpp"
#include "os/clock.hpp"
#include "os/filesystem.hpp"

namespace uprev {

class EventWriter {
   public:
    EventWriter(const os::Path& file, os::Clock& clock);
    void tell(std::string_view type, Json fields);  // never fails

   private:
    std::mutex mutex_;
    std::ofstream out_;
    os::Clock& clock_;
};

// Reads the lines that were added since the last call; a line still being written waits for the next one.
class EventReader {
   public:
    explicit EventReader(os::Path file) : file_(std::move(file)) {}
    std::vector<Json> more();

   private:
    os::Path file_;
    std::ifstream in_;
    std::string rest_;
};

}  // namespace uprev
