// SPDX-License-Identifier: Apache-2.0
#include "os/http_url.hpp"

#include <gtest/gtest.h>

namespace uprev::os {
namespace {

TEST(Url, TakesApart) {
    const auto url = parse_url("https://Vendor.Example/a%20b/app.tar.xz?token=secret#part", false);
    ASSERT_TRUE(url) << url.error().text();
    EXPECT_EQ("https", url->scheme);
    EXPECT_EQ("vendor.example", url->host);
    EXPECT_EQ(443, url->port);
    EXPECT_EQ("/a%20b/app.tar.xz", url->path);
    EXPECT_FALSE(url->literal);
    EXPECT_EQ("https://vendor.example/a%20b/app.tar.xz?token=secret", url->text);
    EXPECT_EQ(std::string::npos, url->shown().find("secret"));
}

TEST(Url, LiteralsInOrdinarySpelling) {
    for (const char* text : {"https://127.0.0.1/", "https://8.8.8.8:8443/x", "https://[2001:db8::1]/", "https://[::1]:9/"}) {
        const auto url = parse_url(text, false);
        ASSERT_TRUE(url) << text << ": " << url.error().text();
        EXPECT_TRUE(url->literal) << text;
    }
}

struct Refused {
    const char* text;
    Code code;
};

class UrlRefusal : public testing::TestWithParam<Refused> {};

TEST_P(UrlRefusal, IsRefusedWithoutLeaking) {
    const auto url = parse_url(GetParam().text, true);
    ASSERT_FALSE(url) << url->text;
    EXPECT_EQ(GetParam().code, url.error().code) << url.error().text();
    EXPECT_EQ(std::string::npos, (url.error().text() + url.error().hint).find("canary")) << url.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UrlRefusal,
    testing::Values(Refused{"", Code::invalid}, Refused{"vendor.example/a", Code::invalid}, Refused{"/etc/passwd", Code::invalid},
                    Refused{"https://", Code::invalid}, Refused{"https:/vendor.example/", Code::invalid},
                    Refused{"https:///vendor.example/", Code::invalid}, Refused{"https:vendor.example", Code::invalid},
                    Refused{"file:///etc/passwd", Code::refused}, Refused{"ftp://vendor.example/a", Code::refused},
                    Refused{"gopher://vendor.example/", Code::refused}, Refused{"javascript:alert(1)", Code::refused},
                    Refused{"HTTPS+evil://x/", Code::refused}, Refused{"ext::sh -c id", Code::refused},
                    Refused{"https://user:canary@vendor.example/", Code::refused},
                    Refused{"https://canary@vendor.example/", Code::refused}, Refused{"https://@vendor.example/", Code::refused},
                    Refused{"https://2130706433/", Code::refused}, Refused{"https://0x7f000001/", Code::refused},
                    Refused{"https://0177.0.0.1/", Code::refused}, Refused{"https://127.1/", Code::refused},
                    Refused{"https://0x7f.0.0.1/", Code::refused}, Refused{"https://127.0.0.1./", Code::refused},
                    Refused{"https://256.1.1.1/", Code::refused}, Refused{"https://[::ffff:127.0.0.1]/", Code::refused},
                    Refused{"https://[::ffff:7f00:1]/", Code::refused}, Refused{"https://[::127.0.0.1]/", Code::refused},
                    Refused{"https://[fe80::1%25eth0]/", Code::refused}, Refused{"https://vendor.example\\@evil/", Code::refused},
                    Refused{"https://vendor%2eexample/", Code::refused}, Refused{"https://%31%32%37.0.0.1/", Code::refused},
                    Refused{"https://vendor.example/a b", Code::refused}, Refused{"https://vendor.example/a\nb", Code::refused},
                    Refused{"https://v\xc3\xa9ndor.example/", Code::refused}, Refused{"https://vendor.example:0/", Code::refused},
                    Refused{"https://.../", Code::refused}));

TEST(Url, TooLong) { EXPECT_FALSE(parse_url("https://vendor.example/" + std::string(9000, 'a'), false)); }

TEST(Url, PlainHttpOnlyWhereAllowed) {
    EXPECT_EQ(Code::refused, parse_url("http://vendor.example/", false).error().code);
    EXPECT_TRUE(parse_url("http://vendor.example/", true));
}

TEST(Url, RelativeReferences) {
    const auto base = parse_url("https://vendor.example:444/feeds/stable.json?x=1", false);
    ASSERT_TRUE(base);
    const auto at = [&](const char* reference) {
        const auto url = resolve_url(*base, reference, false);
        return url ? url->text : code_name(url.error().code).data();
    };
    EXPECT_EQ("https://vendor.example:444/feeds/app.tar", at("app.tar"));
    EXPECT_EQ("https://vendor.example:444/app.tar", at("/app.tar"));
    EXPECT_EQ("https://vendor.example:444/app.tar", at("../app.tar"));
    EXPECT_EQ("https://cdn.example/app.tar", at("//cdn.example/app.tar"));
    EXPECT_EQ("https://cdn.example/app.tar", at("https://cdn.example/app.tar"));
    EXPECT_EQ("refused", at("http://cdn.example/app.tar"));
    EXPECT_EQ("refused", at("file:///etc/passwd"));
    EXPECT_EQ("refused", at("//2130706433/"));
    EXPECT_EQ("refused", at("//user@cdn.example/"));
    EXPECT_EQ("invalid", at("///cdn.example/"));
    EXPECT_EQ("invalid", at(""));
}

TEST(Url, Origins) {
    const auto a = parse_url("https://vendor.example/a", true);
    EXPECT_TRUE(a->same_origin(*parse_url("https://VENDOR.example:443/b", true)));
    EXPECT_FALSE(a->same_origin(*parse_url("https://vendor.example:444/a", true)));
    EXPECT_FALSE(a->same_origin(*parse_url("http://vendor.example:443/a", true)));
    EXPECT_FALSE(a->same_origin(*parse_url("https://cdn.vendor.example/a", true)));
}

}  // namespace
}  // namespace uprev::os
