// SPDX-License-Identifier: Apache-2.0
#include "release/digest.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

constexpr std::string_view abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, GivesTheStandardsAnswers) {
    EXPECT_EQ(sha256("abc").hex, abc);
    EXPECT_EQ(sha256("").hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PiecesGiveTheSameAndTheHasherStartsAnew) {
    Sha256 hasher;
    hasher.update("a");
    hasher.update("");
    hasher.update("bc");
    EXPECT_EQ(hasher.finish().hex, abc);
    hasher.update("abc");
    EXPECT_EQ(hasher.finish().hex, abc);
    Sha256 moved = std::move(hasher);
    moved.update("abc");
    EXPECT_EQ(moved.finish().hex, abc);
}

TEST(Digest, IsStrict) {
    const std::string hex(abc);
    EXPECT_EQ(Digest::parse(hex)->hex, hex);
    EXPECT_EQ(Digest::parse("sha256:" + hex)->hex, hex);
    std::string upper = hex;
    upper[0] = 'B';
    for (const auto& bad :
         {std::string(), hex.substr(1), hex + "0", " " + hex, hex + "\n", upper, "sha512:" + hex, "SHA256:" + hex,
          "sha256:" + hex.substr(1), hex.substr(1) + "g", hex.substr(1) + std::string(1, '\0')})
        EXPECT_FALSE(Digest::parse(bad).has_value()) << bad;
}

}  // namespace
}  // namespace uprev
