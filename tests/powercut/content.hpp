// SPDX-License-Identifier: Apache-2.0
// What the files of release N hold, byte for byte, as a function of N alone: who reads them needs no manifest, and can't be fooled by
// one that was lost together with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace powercut {

// `size` bytes that differ for every `number` and `part`.
std::string content(std::uint64_t number, std::uint64_t part, std::size_t size);

struct ReleaseFile {
    std::filesystem::path path;  // relative
    std::string bytes;
};
std::vector<ReleaseFile> release_files(std::uint64_t number);
// "20261121000017_v1.0.17": sorts by number.
std::string release_name(std::uint64_t number);
std::optional<std::uint64_t> release_number(const std::string& name);

// A file whose first line says which number it was written for; the rest follows from it.
std::string stamped(std::uint64_t number);
std::optional<std::uint64_t> stamp_of(const std::string& bytes);  // none: torn

}  // namespace powercut
