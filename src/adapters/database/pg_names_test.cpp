// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_names.hpp"

#include <gtest/gtest.h>

#include <set>

namespace uprev {
namespace {

TEST(PgNames, ShortOnesAreReadable) {
    EXPECT_EQ(pg_beside("shop", PgWord::fenced, "20261121-1a2b"), "shop_fenced_20261121-1a2b");
    EXPECT_EQ(pg_beside("shop", PgWord::failed, "m"), "shop_failed_m");
    EXPECT_EQ(pg_beside("shop", PgWord::proof, "m"), "shop_uprev_proof_m");
}

TEST(PgNames, NeverLongerThanTheServerAllowsAndAlwaysBelowTheirPrefix) {
    std::set<std::string> seen;
    for (std::size_t database = 1; database <= 63; ++database)
        for (const std::size_t mark : {1U, 12U, 13U, 20U, 26U, 200U})
            for (const auto word : {PgWord::fenced, PgWord::failed, PgWord::proof, PgWord::restored}) {
                const std::string of(database, 'd');
                const auto name = pg_beside(of, word, std::string(mark, 'm'));
                EXPECT_LE(name.size(), 63U);
                EXPECT_TRUE(name.starts_with(pg_beside_prefix(of, word))) << name;
                EXPECT_TRUE(seen.insert(name).second) << name << " has two meanings";
            }
}

TEST(PgNames, LongNamesThatBeginAlikeStayApart) {
    const std::string same(50, 'x');
    EXPECT_NE(pg_beside(same + "a", PgWord::fenced, "m"), pg_beside(same + "b", PgWord::fenced, "m"));
    EXPECT_NE(pg_beside("shop", PgWord::fenced, std::string(70, 'a')), pg_beside("shop", PgWord::fenced, std::string(70, 'b')));
}

TEST(PgNames, ACharacterIsNeverCutInTwo) {
    std::string umlauts;
    for (int i = 0; i < 31; ++i) umlauts += "\xC3\xBC";
    const auto prefix = pg_beside_prefix(umlauts, PgWord::fenced);
    EXPECT_EQ(prefix.find("\xC3_"), std::string::npos) << prefix;
}

}  // namespace
}  // namespace uprev
