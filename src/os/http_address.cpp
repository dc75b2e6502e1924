// SPDX-License-Identifier: Apache-2.0
#include "os/http_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace uprev::os {

namespace {

struct Block4 {
    std::uint32_t base;
    unsigned bits;
};
constexpr std::array special4{
    Block4{0x00000000, 8},  Block4{0x0a000000, 8},  Block4{0x64400000, 10}, Block4{0x7f000000, 8},  Block4{0xa9fe0000, 16},
    Block4{0xac100000, 12}, Block4{0xc0000000, 24}, Block4{0xc0000200, 24}, Block4{0xc0586300, 24}, Block4{0xc0a80000, 16},
    Block4{0xc6120000, 15}, Block4{0xc6336400, 24}, Block4{0xcb007100, 24}, Block4{0xe0000000, 4},  Block4{0xf0000000, 4},
};

bool public4(std::uint32_t host_order) {
    return std::none_of(special4.begin(), special4.end(), [&](const Block4& block) {
        const std::uint32_t mask = ~std::uint32_t{0} << (32 - block.bits);
        return (host_order & mask) == block.base;
    });
}

std::uint32_t embedded4(const std::uint8_t* bytes) {
    return (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) | (std::uint32_t{bytes[2]} << 8U) | bytes[3];
}

bool public6(const in6_addr& address) {
    const std::uint8_t* b = address.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) return public4(embedded4(b + 12));
    static constexpr std::array<std::uint8_t, 12> nat64{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    if (std::memcmp(b, nat64.data(), nat64.size()) == 0) return public4(embedded4(b + 12));
    if ((b[0] & 0xe0U) != 0x20U) return false;                                       // only 2000::/3 is global unicast
    if (b[0] == 0x20 && b[1] == 0x02) return public4(embedded4(b + 2));              // 6to4
    if (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xfeU) == 0) return false;           // 2001::/23: Teredo and other protocols
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) return false;  // documentation
    return !(b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0U) == 0);                   // documentation, RFC 9637
}

}  // namespace

bool is_public_address(const sockaddr& address) {
    if (address.sa_family == AF_INET) return public4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
    if (address.sa_family == AF_INET6) return public6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    return false;
}

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.sa_family == AF_INET)
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(), text.size());
    else if (address.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(), text.size());
    else
        return "family " + std::to_string(address.sa_family);
    return text.data();
}

}  // namespace uprev::os
