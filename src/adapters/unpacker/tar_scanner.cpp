// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/tar_scanner.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "adapters/unpacker/entry_name.hpp"

namespace uprev {

namespace {

constexpr std::size_t block_size = 512;
constexpr std::uint64_t extension_limit = 64U << 10U;
constexpr std::uint64_t octal_size_limit = 077777777777;  // what the 12 byte field can hold

Error refuse(const std::string& why) {
    return fail(Code::refused, "the archive is refused: " + why, "ask the vendor; do not unpack it by hand");
}
Error truncated() { return fail(Code::corrupt, "the archive is truncated", "fetch the artifact again"); }

std::string_view field(std::string_view block, std::size_t at, std::size_t size) {
    const auto raw = block.substr(at, size);
    return raw.substr(0, raw.find('\0'));
}

// Octal digits ended by space or NUL, or GNU's base 256.
std::optional<std::uint64_t> number(std::string_view raw) {
    std::uint64_t value = 0;
    if ((static_cast<unsigned char>(raw[0]) & 0x80U) != 0) {
        if (raw[0] != '\x80') return {};
        for (const char c : raw.substr(1)) {
            if ((value >> 55U) != 0) return {};
            value = (value << 8U) | static_cast<unsigned char>(c);
        }
        return value;
    }
    std::size_t at = 0;
    while (at < raw.size() && raw[at] == ' ') ++at;
    const std::size_t first = at;
    for (; at < raw.size() && raw[at] >= '0' && raw[at] <= '7'; ++at)
        value = value * 8 + static_cast<std::uint64_t>(raw[at] - '0');
    if (at == first) return {};
    for (; at < raw.size(); ++at)
        if (raw[at] != ' ' && raw[at] != '\0') return {};
    return value;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
    if (text.empty() || text.size() > 18) return {};
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

bool checksum_holds(std::string_view block) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
    const auto stated = number(block.substr(148, 8));
    return stated && *stated == sum;
}

bool all_zero(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

std::uint64_t padded(std::uint64_t size) { return (size + block_size - 1) / block_size * block_size; }

// Keys whose meaning we know, and vendors' own ones (upper case), which carry nothing that we unpack.
bool is_known_key(std::string_view key) {
    static constexpr std::array<std::string_view, 11> known{"path", "linkpath", "size",  "mtime", "atime",  "ctime",
                                                            "uid",  "gid",      "uname", "gname", "comment"};
    if (std::find(known.begin(), known.end(), key) != known.end()) return true;
    return !key.empty() && key[0] >= 'A' && key[0] <= 'Z' && key.find('.') != std::string_view::npos &&
           !key.starts_with("GNU.sparse");
}

const char* forbidden_type(char type) {
    switch (type) {
        case '3':
            return "a character device";
        case '4':
            return "a block device";
        case '6':
            return "a FIFO";
        case '7':
            return "a contiguous file";
        case 'S':
            return "a sparse file";
        case 'V':
            return "a volume label";
        case 'M':
            return "a continued file";
        default:
            return "of an unknown type";
    }
}

std::string entry_name(std::string_view block, const std::string& long_name, const std::string* pax) {
    if (pax != nullptr) return *pax;
    if (!long_name.empty()) return long_name;
    const std::string name{field(block, 0, 100)};
    const bool posix = block.substr(257, 6) == std::string_view("ustar\0", 6);
    const std::string prefix{posix ? field(block, 345, 155) : std::string_view{}};
    return prefix.empty() ? name : prefix + "/" + name;
}

}  // namespace

Result<> TarScanner::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (skip_ != 0) {
            const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
            bytes.remove_prefix(skipped);
            skip_ -= skipped;
            continue;
        }
        if (partial_.empty() && bytes.size() >= block_size) {
            TRY_VOID(take_block(bytes.substr(0, block_size)));
            bytes.remove_prefix(block_size);
            continue;
        }
        const std::size_t more = std::min(block_size - partial_.size(), bytes.size());
        partial_.append(bytes.substr(0, more));
        bytes.remove_prefix(more);
        if (partial_.size() < block_size) continue;
        const std::string block = std::move(partial_);
        partial_.clear();
        TRY_VOID(take_block(block));
    }
    return {};
}

Result<> TarScanner::finish() const {
    if (skip_ != 0 || !partial_.empty() || collecting_ != '\0' || zero_blocks_ < 2) return truncated();
    return {};
}

Result<> TarScanner::take_block(std::string_view block) {
    if (collecting_ != '\0') {
        body_.append(block.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(block_size, body_size_ - body_.size()))));
        return body_.size() == body_size_ ? take_extension() : Result<>{};
    }
    if (all_zero(block)) {
        if (has_records_ || !long_name_.empty() || !long_link_.empty()) return refuse("an extended header belongs to no entry");
        ++zero_blocks_;
        return {};
    }
    if (zero_blocks_ >= 2) return refuse("bytes follow the end of the archive");
    if (zero_blocks_ == 1) return refuse("an empty block stands between its entries");
    return take_header(block);
}

Result<> TarScanner::take_header(std::string_view block) {
    if (!checksum_holds(block))
        return fail(Code::corrupt, "the archive is damaged: a header's checksum is wrong", "fetch the artifact again");
    const auto magic = block.substr(257, 8);
    if (magic != std::string_view("ustar\00000", 8) && magic != std::string_view("ustar  \0", 8))
        return refuse("a header is neither ustar, pax nor GNU");
    for (const auto& [at, length] : {std::pair<std::size_t, std::size_t>{0, 100}, {157, 100}}) {
        const auto name = block.substr(at, length);
        if (name.find('\0') != std::string_view::npos && !all_zero(name.substr(name.find('\0'))))
            return refuse("the name '" + shown_name(field(block, at, length)) + "' goes on behind a NUL byte");
    }
    const auto size = number(block.substr(124, 12));
    if (!size) return refuse("the size of '" + shown_name(field(block, 0, 100)) + "' is no number");
    const char type = block[156];
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K') return begin_extension(type, *size);
    return take_entry(block, type, *size);
}

Result<> TarScanner::begin_extension(char type, std::uint64_t size) {
    if (size == 0 || size > extension_limit) return refuse("an extended header has an unreasonable size");
    if ((type == 'x' && has_records_) || (type == 'L' && !long_name_.empty()) || (type == 'K' && !long_link_.empty()))
        return refuse("an entry has two extended headers of one kind");
    collecting_ = type;
    body_size_ = size;
    body_.clear();
    return {};
}

Result<> TarScanner::take_extension() {
    const char type = collecting_;
    collecting_ = '\0';
    if (type == 'x') {
        records_ = TRY(parse_records(body_));
        has_records_ = true;
        return {};
    }
    if (type == 'g') {  // git archive puts the commit there
        for (const auto& [key, value] : TRY(parse_records(body_)))
            if (key != "comment") return refuse("a global header sets '" + shown_name(key) + "' for all entries");
        return {};
    }
    // A GNU long name ends with one NUL.
    const auto end = body_.find('\0');
    if (end == std::string::npos || end == 0 || end + 1 != body_.size())
        return refuse("a GNU long name holds a NUL byte or isn't ended by one");
    (type == 'L' ? long_name_ : long_link_) = body_.substr(0, end);
    return {};
}

// "LENGTH KEY=VALUE\n", LENGTH counting itself.
Result<TarScanner::Records> TarScanner::parse_records(std::string_view text) const {
    Records records;
    while (!text.empty()) {
        const auto space = text.find(' ');
        const auto length = space == std::string_view::npos ? std::nullopt : decimal(text.substr(0, space));
        if (!length || *length <= space + 2 || *length > text.size() || text[*length - 1] != '\n')
            return refuse("a pax header is malformed");
        const auto record = text.substr(space + 1, *length - space - 2);
        text.remove_prefix(*length);
        const auto equals = record.find('=');
        if (equals == std::string_view::npos || equals == 0) return refuse("a pax header is malformed");
        const std::string key{record.substr(0, equals)};
        if (!is_known_key(key)) return refuse("a pax header has the key '" + shown_name(key) + "'");
        const bool names = key == "path" || key == "linkpath";
        const auto value = record.substr(equals + 1);
        if (names && (value.empty() || value.find('\0') != std::string_view::npos))
            return refuse("a pax header's " + key + " is empty or holds a NUL byte");
        if (!records.emplace(key, value).second) return refuse("a pax header states '" + shown_name(key) + "' twice");
    }
    return records;
}

// Readers that honour only one of the two sizes would go on at different places in the stream.
Result<std::uint64_t> TarScanner::agreed_size(std::uint64_t size) const {
    const auto stated = records_.find("size");
    if (stated == records_.end()) return size;
    const auto pax = decimal(stated->second);
    if (!pax || (*pax != size && *pax <= octal_size_limit)) return refuse("the sizes in a pax header and its entry disagree");
    return *pax;
}

Result<> TarScanner::take_entry(std::string_view block, char type, std::uint64_t size) {
    const auto pax_path = records_.find("path");
    const auto pax_link = records_.find("linkpath");
    TarHeader header;
    header.name = entry_name(block, long_name_, pax_path == records_.end() ? nullptr : &pax_path->second);
    const std::string quoted = "'" + shown_name(header.name) + "'";
    if (pax_path != records_.end() && !long_name_.empty()) return refuse("entry " + quoted + " has a pax name and a GNU name");
    if (pax_link != records_.end() && !long_link_.empty()) return refuse("entry " + quoted + " has a pax link and a GNU link");
    header.link = pax_link != records_.end() ? pax_link->second
                  : !long_link_.empty()      ? long_link_
                                             : std::string(field(block, 157, 100));
    header.size = TRY(agreed_size(size).within("entry " + quoted));
    switch (type) {
        case '\0':
        case '0':
            header.kind = EntryKind::file;
            break;
        case '1':
            header.kind = EntryKind::hardlink;
            break;
        case '2':
            header.kind = EntryKind::symlink;
            break;
        case '5':
            header.kind = EntryKind::folder;
            break;
        default:
            return refuse("entry " + quoted + " is " + forbidden_type(type));
    }
    const bool slash = !header.name.empty() && header.name.back() == '/';
    if (slash && header.kind != EntryKind::folder) return refuse("entry " + quoted + " is named like a folder but is none");
    if (header.kind != EntryKind::file && header.size != 0) return refuse("entry " + quoted + " is no file but has contents");
    skip_ = padded(header.size);
    records_.clear();
    has_records_ = false;
    long_name_.clear();
    long_link_.clear();
    headers_.push_back(std::move(header));
    return {};
}

}  // namespace uprev
