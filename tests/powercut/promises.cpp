// SPDX-License-Identifier: Apache-2.0
#include "promises.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

namespace powercut {

using uprev::Code;
using uprev::Json;

namespace {
constexpr std::size_t block = 4096;  // O_DIRECT wants whole blocks, in aligned memory
}

uprev::Result<Promises> Promises::open(const std::string& device, std::uint64_t offset) {
    const int fd = ::open(device.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
    if (fd < 0) return uprev::fail(Code::unavailable, "cannot open " + device);
    return Promises(fd, offset);
}

Json as_json(const Facts& facts) {
    Json out = Json::object();
    for (const auto& [key, value] : facts) out[key] = value;
    return out;
}

uprev::Result<> Promises::tell(const Facts& change, bool returned) {
    if (!returned) ++number_;
    const std::string text = Json{{"number", number_}, {"returned", returned}, {"change", as_json(change)}}.dump();
    alignas(block) char bytes[block] = {};
    if (text.size() >= block) return uprev::fail(Code::bug, "a promise does not fit into one block");
    std::memcpy(bytes, text.data(), text.size());
    if (::pwrite(device_, bytes, block, static_cast<off_t>(offset_)) != static_cast<ssize_t>(block))
        return uprev::fail(Code::unavailable, "cannot write a promise");
    if (returned) {
        std::printf("durable %llu\n", static_cast<unsigned long long>(number_));
        std::fflush(stdout);
    }
    return {};
}

}  // namespace powercut
