// SPDX-License-Identifier: Apache-2.0
#include "os/http_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace uprev::os {
namespace {

sockaddr_storage address(const std::string& text) {
    sockaddr_storage storage{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
        v4.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1)
        v6.sin6_family = AF_INET6;
    return storage;
}

TEST(Address, EdgesOfEachSpecialBlock) {
    const char* open[] = {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255", "100.128.0.0",
                          "126.255.255.255", "128.0.0.0",       "169.253.255.255",  "169.255.0.0",    "172.15.255.255",
                          "172.32.0.0",      "192.0.1.0",       "192.167.255.255",  "192.169.0.0",    "198.17.255.255",
                          "198.20.0.0",      "223.255.255.255", "8.8.8.8",          "2600::1",        "2001:4860:4860::8888",
                          "2a00::1",         "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1"};
    const char* closed[] = {"0.0.0.0",
                            "0.255.255.255",
                            "10.0.0.0",
                            "10.255.255.255",
                            "100.64.0.0",
                            "100.127.255.255",
                            "127.0.0.1",
                            "127.255.255.255",
                            "169.254.169.254",
                            "172.16.0.0",
                            "172.31.255.255",
                            "192.0.0.1",
                            "192.0.2.1",
                            "192.88.99.1",
                            "192.168.0.0",
                            "192.168.255.255",
                            "198.18.0.0",
                            "198.19.255.255",
                            "198.51.100.1",
                            "203.0.113.1",
                            "224.0.0.1",
                            "239.1.1.1",
                            "240.0.0.1",
                            "255.255.255.255",
                            "::",
                            "::1",
                            "fe80::1",
                            "fc00::1",
                            "fdff::1",
                            "ff02::1",
                            "::ffff:127.0.0.1",
                            "::ffff:10.0.0.1",
                            "64:ff9b::10.0.0.1",
                            "64:ff9b:1::1",
                            "2001::1",
                            "2001:db8::1",
                            "2002:7f00:1::1",
                            "2002:a00:1::1",
                            "3fff::1",
                            "100::1",
                            "::127.0.0.1"};
    for (const char* text : open) {
        const auto at = address(text);
        EXPECT_TRUE(is_public_address(reinterpret_cast<const sockaddr&>(at))) << text;
    }
    for (const char* text : closed) {
        const auto at = address(text);
        EXPECT_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(at))) << text;
    }
}

TEST(Address, OtherFamiliesAreNotPublic) {
    sockaddr_storage local{};
    local.ss_family = AF_UNIX;
    EXPECT_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(local)));
    EXPECT_EQ("family 1", address_text(reinterpret_cast<const sockaddr&>(local)));
}

TEST(Address, Text) {
    const auto v4 = address("10.1.2.3");
    const auto v6 = address("fe80::1");
    EXPECT_EQ("10.1.2.3", address_text(reinterpret_cast<const sockaddr&>(v4)));
    EXPECT_EQ("fe80::1", address_text(reinterpret_cast<const sockaddr&>(v6)));
}

}  // namespace
}  // namespace uprev::os
