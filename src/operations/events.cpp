// SPDX-License-Identifier: Apache-2.0
#include "operations/events.hpp"

#include <nlohmann/json.hpp>

namespace uprev {

EventWriter::EventWriter(const os::Path& file, os::Clock& clock) : out_(file, std::ios::app), clock_(clock) {}

void EventWriter::tell(std::string_view type, Json fields) {
    Json line = {{"at_ms", clock_.wall_ms()}, {"event", type}};
    line.update(fields);
    const std::lock_guard guard(mutex_);
    out_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

std::vector<Json> EventReader::more() {
    std::vector<Json> out;
    if (!in_.is_open()) in_.open(file_);
    if (!in_.is_open()) return out;
    in_.clear();
    std::string chunk((std::istreambuf_iterator<char>(in_)), std::istreambuf_iterator<char>());
    rest_ += chunk;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
        auto line = Json::parse(rest_.substr(0, end), nullptr, false);
        rest_.erase(0, end + 1);
        if (line.is_object()) out.push_back(std::move(line));
    }
    return out;
}

}  // namespace uprev
