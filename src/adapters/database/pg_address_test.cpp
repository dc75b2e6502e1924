// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_address.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

TEST(PgAddress, UrlIsTakenApart) {
    const auto address = parse_pg_address("postgresql://shop:p%40ss@db.example:6432/orders", "DATABASE_URL");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->database, "orders");
    EXPECT_EQ(address->shown, "postgresql://shop@db.example:6432/orders");
    EXPECT_EQ(address->secrets, (std::vector<std::string>{"p@ss", "p%40ss"}));
}

TEST(PgAddress, ParametersOfOtherDriversAreKeptFromLibpqAndForTheApplication) {
    const auto address =
        parse_pg_address("postgres://u:p@h/shop?schema=public&connection_limit=5&sslmode=require&connect_timeout=3", "x");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->conninfo, "postgresql://u:p@h/shop?sslmode=require&connect_timeout=3");
    EXPECT_EQ(address->with_database("shop_fenced_1"),
              "postgres://u:p@h/shop_fenced_1?schema=public&connection_limit=5&sslmode=require&connect_timeout=3");
}

TEST(PgAddress, NodesWordForUnverifiedTlsIsUnderstood) {
    const auto address = parse_pg_address("postgres://u@h/shop?sslmode=no-verify", "x");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->conninfo, "postgresql://u@h/shop?sslmode=require");
    EXPECT_EQ(address->with_database("b"), "postgres://u@h/b?sslmode=no-verify");
}

TEST(PgAddress, DriverInTheSchemeIsKeptForTheApplication) {
    const auto address = parse_pg_address("postgresql+psycopg://u:p@h/shop", "x");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->with_database("b c"), "postgresql+psycopg://u:p@h/b%20c");
}

TEST(PgAddress, SocketFolderAndKeyValueForm) {
    const auto socket = parse_pg_address("postgresql:///shop?host=/run/postgresql&port=5433", "x");
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_EQ(socket->shown, "postgresql://:5433/shop?host=/run/postgresql");
    const auto pairs = parse_pg_address("host=/run dbname=shop user=u password='a b'", "x");
    ASSERT_TRUE(pairs) << pairs.error().text();
    EXPECT_EQ(pairs->database, "shop");
    EXPECT_EQ(pairs->secrets, std::vector<std::string>{"a b"});
    const auto renamed = parse_pg_address(pairs->with_database("it's"), "x");
    ASSERT_TRUE(renamed) << renamed.error().text();
    EXPECT_EQ(renamed->database, "it's");
}

TEST(PgAddress, DatabaseInTheQueryIsTheDatabase) {
    const auto address = parse_pg_address("postgresql://u@h/?dbname=shop&application_name=a", "x");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->database, "shop");
    const auto renamed = parse_pg_address(address->with_database("other"), "x");
    ASSERT_TRUE(renamed) << renamed.error().text();
    EXPECT_EQ(renamed->database, "other");
}

TEST(PgAddress, RefusalsNameTheOriginAndNeverTheText) {
    for (const auto* text : {"mysql://u:canary@h/d", "canary", "postgresql://u:canary%zz@h/d", "host=h password=canary port"}) {
        const auto address = parse_pg_address(text, "DATABASE_URL in '/srv/.env'");
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().code, Code::invalid);
        EXPECT_NE(address.error().text().find("DATABASE_URL in '/srv/.env'"), std::string::npos);
        EXPECT_EQ(address.error().text().find("canary"), std::string::npos) << address.error().text();
    }
}

}  // namespace
}  // namespace uprev
