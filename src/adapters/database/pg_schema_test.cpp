// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/database/pg_content.hpp"

namespace uprev {
namespace {

const std::string header =
    "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\n-- Dumped from database version 15.1\n\nSET lock_timeout = 0;\n";

std::string object(const std::string& name, const std::string& sql) {
    return "\n--\n-- Name: " + name + "; Type: TABLE; Schema: public; Owner: shop\n--\n\n" + sql + "\n\n";
}

std::string digest(const std::string& text) { return pg_schema_digest(text, "15.1"); }

TEST(PgSchema, OrderOfObjectsAndVersionLinesDoNotCount) {
    const auto a = object("a", "CREATE TABLE public.a (\n    id integer\n);");
    const auto b = object("b", "CREATE TABLE public.b (\n    id integer\n);");
    std::string other = header;
    other.replace(other.find("aB3"), 3, "Zz9");
    other.replace(other.find("15.1"), 4, "15.2");
    EXPECT_EQ(digest(header + a + b), digest(other + b + a));
}

TEST(PgSchema, EveryRealChangeCounts) {
    const auto base = header + object("a", "CREATE TABLE public.a (\n    id integer,\n    price numeric(10,2)\n);");
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"integer", "bigint"},
             {"10,2", "12,2"},
             {"price", "prize"},
             {"Owner: shop", "Owner: root"},
             {"id integer,\n    price numeric(10,2)", "price numeric(10,2),\n    id integer"}}) {
        auto changed = base;
        changed.replace(changed.find(from), from.size(), to);
        EXPECT_NE(digest(base), digest(changed)) << from << " -> " << to;
    }
    EXPECT_NE(digest(base), digest(base + object("b", "CREATE VIEW public.b AS SELECT 1;")));
}

TEST(PgSchema, CastsThatAReadBackAddsDoNotCount) {
    const auto stored =
        object("a", "CONSTRAINT c CHECK (((s)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))");
    const auto reread = object(
        "a", "CONSTRAINT c CHECK (((s)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text])))");
    const auto other = object(
        "a", "CONSTRAINT c CHECK (((s)::text = ANY (ARRAY[('x'::character varying)::text, ('z'::character varying)::text])))");
    EXPECT_EQ(digest(stored), digest(reread));
    EXPECT_NE(digest(stored), digest(other));
}

TEST(PgSchema, DigestsOfDifferentToolVersionsAreNotHeldAgainstEachOther) {
    EXPECT_TRUE(same_schema("15.1/aa", "15.2/bb"));
    EXPECT_FALSE(same_schema("15.1/aa", "15.1/bb"));
    EXPECT_TRUE(same_schema("15.1/aa", "15.1/aa"));
}

}  // namespace
}  // namespace uprev
