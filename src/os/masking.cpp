// SPDX-License-Identifier: Apache-2.0
#include "os/masking.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "base/text.hpp"
#include "os/mask_stream.hpp"

namespace uprev::os {

namespace {
constexpr std::size_t encoded_from = 8;  // bytes: shorter ones would hide innocent text in their encoded forms

std::string url_encoded(std::string_view text, const char* digits, bool plus_for_space) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
            out += c;
        } else if (plus_for_space && c == ' ') {
            out += '+';
        } else {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::string json_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += c;
        }
    }
    return out;
}

// The part of base64(anything of `offset` bytes + text + anything) that depends on `text` alone.
std::string base64_core(std::string_view text, std::size_t offset, const char* alphabet) {
    std::string padded(offset, '\0');
    padded += text;
    const std::size_t whole = padded.size() * 8 / 6;  // characters made of complete bits of ours
    std::string out;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : padded) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            out += alphabet[(bits >> held) & 63U];
        }
    }
    const std::size_t foreign = (offset * 8 + 5) / 6;  // characters that also hold bits of what came before
    return out.substr(0, whole).substr(foreign);
}

void add_encoded(std::string_view secret, std::vector<std::string>& forms) {
    forms.push_back(url_encoded(secret, "0123456789ABCDEF", false));
    forms.push_back(url_encoded(secret, "0123456789abcdef", false));
    forms.push_back(url_encoded(secret, "0123456789ABCDEF", true));
    forms.push_back(json_escaped(secret));
    for (const char* alphabet : {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"})
        for (std::size_t offset = 0; offset < 3; ++offset) forms.push_back(base64_core(secret, offset, alphabet));
}
}  // namespace

std::vector<std::string> mask_forms(const std::vector<std::string>& secrets) {
    std::vector<std::string> forms;
    for (const auto& secret : secrets) {
        forms.push_back(secret);
        if (secret.size() >= encoded_from) add_encoded(secret, forms);
        if (secret.find('\n') == std::string::npos) continue;
        for (const auto& line : split(secret, '\n'))
            if (trim(line).size() >= encoded_from) forms.emplace_back(trim(line));
    }
    std::sort(forms.begin(), forms.end());
    forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
    std::erase_if(forms, [](const auto& form) { return form.empty(); });
    return forms;
}

std::string mask_literally(std::string_view text, const std::vector<std::string>& forms) {
    std::vector<MaskStream::Pattern> patterns;
    for (const auto& form : forms) patterns.push_back({form.data(), form.size()});
    MaskStream stream(patterns.data(), patterns.size());
    std::string out;
    const auto sink = [&](const char* bytes, std::size_t size) { out.append(bytes, size); };
    stream.feed(text.data(), text.size(), sink);
    stream.finish(sink);
    return out;
}

}  // namespace uprev::os
