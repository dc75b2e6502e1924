// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/entry_name.hpp"

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/text.hpp"

namespace uprev {

namespace {

constexpr std::size_t name_limit = 4000;
constexpr std::size_t component_limit = 255;

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

bool is_composed(std::string_view text) {
    std::size_t length = 0;
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> composed(
        u8_normalize(UNINORM_NFC, bytes_of(text), text.size(), nullptr, &length), &std::free);
    return composed && std::string_view(reinterpret_cast<const char*>(composed.get()), length) == text;
}

}  // namespace

std::string name_problem(std::string_view name) {
    if (name.size() > name_limit) return "is too long";
    if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        return "holds a control character";
    if (is_ascii(name)) return {};
    if (u8_check(bytes_of(name), name.size()) != nullptr) return "is no UTF-8";
    return is_composed(name) ? std::string{} : "is no composed Unicode (NFC)";
}

std::string shown_name(std::string_view name) { return excerpt(name, 160); }

Result<std::string> clean_name(std::string_view name, std::uint32_t depth) {
    const auto refuse = [&](const std::string& why) {
        return fail(Code::refused, "the archive's entry '" + shown_name(name) + "' is refused: " + why,
                    "ask the vendor; do not unpack it by hand");
    };
    if (name.empty()) return refuse("its name is empty");
    if (name.front() == '/') return refuse("its name is absolute");
    if (const std::string why = name_problem(name); !why.empty()) return refuse("its name " + why);
    std::string_view rest = name;
    while (rest.starts_with("./")) rest.remove_prefix(2);
    if (rest.empty() || rest == ".") return std::string{};
    if (rest.back() == '/') rest.remove_suffix(1);
    std::uint32_t count = 0;
    for (const auto& component : split(rest, '/')) {
        if (component.empty()) return refuse("its name has an empty component");
        if (component == ".") return refuse("its name has the component '.'");
        if (component == "..") return refuse("its name has the component '..'");
        if (component.size() > component_limit) return refuse("a component of its name is too long");
        if (++count > depth) return refuse("it lies too deep");
    }
    return std::string(rest);
}

std::string collision_key(std::string_view name) {
    if (is_ascii(name)) return lower(name);
    std::size_t length = 0;
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> folded(
        u8_casefold(bytes_of(name), name.size(), nullptr, UNINORM_NFKC, nullptr, &length), &std::free);
    if (!folded) return std::string(name);
    return {reinterpret_cast<const char*>(folded.get()), length};
}

}  // namespace uprev
