// SPDX-License-Identifier: Apache-2.0
#include "content.hpp"

#include <charconv>

namespace powercut {

std::string content(std::uint64_t number, std::uint64_t part, std::size_t size) {
    std::uint64_t state = (number + 1) * 0x9e3779b97f4a7c15U ^ (part + 1) * 0xbf58476d1ce4e5b9U;
    std::string out;
    out.reserve(size + 8);
    while (out.size() < size) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>('0' + ((state >> shift) & 63U)));
    }
    out.resize(size);
    return out;
}

std::vector<ReleaseFile> release_files(std::uint64_t number) {
    // From nothing over one block to many, some in folders: small files are what delayed allocation loses first.
    static constexpr std::size_t sizes[] = {0, 1, 300, 4'096, 5'000, 13'000, 40'000, 2'000, 700, 61'000};
    std::vector<ReleaseFile> files;
    for (std::uint64_t part = 0; part < std::size(sizes); ++part) {
        const auto name = "file" + std::to_string(part);
        const auto folder = part % 3 == 0 ? std::filesystem::path() : std::filesystem::path("lib") / std::to_string(part % 3);
        files.push_back({folder / name, content(number, part, sizes[part] == 0 ? 0 : sizes[part] + number % 7)});
    }
    return files;
}

std::string release_name(std::uint64_t number) {
    const auto digits = std::to_string(number);
    return std::to_string(20'260'000'000'000U + number) + "_v1.0." + digits;
}

std::optional<std::uint64_t> release_number(const std::string& name) {
    const auto at = name.find("_v1.0.");
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    if (const auto [stop, error] = std::from_chars(name.data() + at + 6, end, number); error != std::errc() || stop != end)
        return std::nullopt;
    return name == release_name(number) ? std::optional(number) : std::nullopt;
}

std::string stamped(std::uint64_t number) {
    return std::to_string(number) + "\n" + content(number, 99, 200 + number * 977 % 20'000);
}

std::optional<std::uint64_t> stamp_of(const std::string& bytes) {
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
    if (error != std::errc() || stop == bytes.data() || bytes != stamped(number)) return std::nullopt;
    return number;
}

}  // namespace powercut
