// SPDX-License-Identifier: Apache-2.0
// Writes tar archives byte by byte, so that tests can make ones that no decent program would: every field of a header can be set.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace uprev::test {

struct TarRow {
    std::string name;
    char type = '0';
    std::string data{};
    std::string link{};
    unsigned mode = 0644;
    std::string magic = std::string("ustar\00000", 8);
    std::string size_field{};  // 12 bytes; empty: the octal size of `data`
    std::string prefix{};
    bool bad_checksum = false;
};

class TarWriter {
   public:
    TarWriter& add(const TarRow& row) {
        std::string header(512, '\0');
        const auto put = [&](std::size_t at, std::size_t room, const std::string& text) {
            header.replace(at, std::min(room, text.size()), text.substr(0, room));
        };
        put(0, 100, row.name);
        put(100, 8, octal(row.mode, 7));
        put(108, 8, octal(0, 7));
        put(116, 8, octal(0, 7));
        put(124, 12, row.size_field.empty() ? octal(row.data.size(), 11) : row.size_field);
        put(136, 12, octal(1'700'000'000, 11));
        header[156] = row.type;
        put(157, 100, row.link);
        put(257, 8, row.magic);
        put(345, 155, row.prefix);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
        put(148, 8, octal(sum + (row.bad_checksum ? 1 : 0), 6) + std::string("\0 ", 2));
        bytes_ += header + row.data + std::string((512 - row.data.size() % 512) % 512, '\0');
        return *this;
    }
    TarWriter& file(const std::string& name, const std::string& data = "data\n", unsigned mode = 0644) {
        return add({name, '0', data, "", mode});
    }
    TarWriter& folder(const std::string& name) { return add({name, '5', "", "", 0755}); }
    TarWriter& symlink(const std::string& name, const std::string& target) { return add({name, '2', "", target, 0777}); }
    TarWriter& hardlink(const std::string& name, const std::string& target) { return add({name, '1', "", target}); }
    // One pax header for the next entry. Records are key, value.
    TarWriter& pax(const std::vector<std::pair<std::string, std::string>>& records, char type = 'x') {
        std::string body;
        for (const auto& [key, value] : records) body += record(key, value);
        return add({"PaxHeaders/x", type, body});
    }
    // GNU long name ('L') or long link ('K') for the next entry.
    TarWriter& gnu_long(char type, const std::string& text) {
        return add({"././@LongLink", type, text + std::string(1, '\0'), "", 0644, std::string("ustar  \0", 8)});
    }
    TarWriter& raw(const std::string& bytes) {
        bytes_ += bytes;
        return *this;
    }

    // With the two empty blocks at the end.
    [[nodiscard]] std::string finish() const { return bytes_ + std::string(1024, '\0'); }
    [[nodiscard]] const std::string& unfinished() const { return bytes_; }

    static std::string octal(std::uint64_t value, int digits) {
        char text[32];
        std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
        return text;
    }
    static std::string record(const std::string& key, const std::string& value) {
        const std::string rest = " " + key + "=" + value + "\n";
        std::size_t length = rest.size() + 1;
        while (std::to_string(length).size() + rest.size() != length) ++length;
        return std::to_string(length) + rest;
    }

   private:
    std::string bytes_;
};

}  // namespace uprev::test
