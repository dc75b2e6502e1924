// SPDX-License-Identifier: Apache-2.0
// Each check of the verifiers has a row here that violates it alone; everything else in the row is signed properly.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>

#include "adapters/verifier/minisign.hpp"
#include "adapters/verifier/minisign_harness.hpp"
#include "adapters/verifier/sha256.hpp"
#include "release/digest.hpp"

namespace uprev {
namespace {

using test::Signer;

class ArtifactFd {
   public:
    explicit ArtifactFd(const std::string& bytes) : fd_(memfd_create("artifact", MFD_CLOEXEC)) {
        EXPECT_EQ(static_cast<ssize_t>(bytes.size()), pwrite(fd_, bytes.data(), bytes.size(), 0));
        lseek(fd_, 5, SEEK_SET);  // "positioned anywhere"
    }
    ArtifactFd(const ArtifactFd&) = delete;
    ArtifactFd& operator=(const ArtifactFd&) = delete;
    ~ArtifactFd() { close(fd_); }
    [[nodiscard]] int get() const { return fd_; }

   private:
    int fd_;
};

const std::string artifact = "not really a tarball, but " + std::string(300'000, 'x');

Subject subject(int fd, const std::string& signature) {
    Subject out;
    out.fd = fd;
    out.name = "app-1.4.2.tar.xz";
    out.version = *Version::parse("1.4.2");
    out.signature = signature;
    return out;
}

TrustSpec trusting(const Signer& signer) {
    TrustSpec trust;
    trust.minisign.keys = {signer.public_key()};
    trust.minisign.trusted_comment = "file:${name} version:${version}";
    return trust;
}

const std::string good_comment = "timestamp:1\tfile:app-1.4.2.tar.xz version:1.4.2\thashed";

Result<Evidence> verify(const TrustSpec& trust, const std::string& signature, const std::string& bytes = artifact) {
    const ArtifactFd fd(bytes);
    return make_minisign_verifier(trust)->verify(subject(fd.get(), signature));
}

TEST(Minisign, GoodSignature) {
    const Signer signer;
    const auto evidence = verify(trusting(signer), signer.file(artifact, good_comment));
    ASSERT_TRUE(evidence) << evidence.error().text();
    EXPECT_EQ(sha256(artifact).hex, evidence->sha256);
    ASSERT_EQ(2U, evidence->checks.size());
    EXPECT_NE(std::string::npos, evidence->checks[0].find("0101010101010101, prehashed"));
    EXPECT_NE(std::string::npos, evidence->checks[1].find("version:1.4.2"));
}

TEST(Minisign, TextInsteadOfADescriptor) {
    const Signer signer;
    auto text = subject(-1, signer.file("release file", good_comment));
    text.text = "release file";
    EXPECT_TRUE(make_minisign_verifier(trusting(signer))->verify(text));
    text.text = "another file";
    EXPECT_FALSE(make_minisign_verifier(trusting(signer))->verify(text));
}

TEST(Minisign, AnyOfSeveralKeys) {
    const Signer signer(1);
    const Signer other(2);
    TrustSpec trust = trusting(other);
    trust.minisign.keys.push_back(signer.public_key());
    EXPECT_TRUE(verify(trust, signer.file(artifact, good_comment)));
    EXPECT_TRUE(verify(trust, other.file(artifact, good_comment)));
}

TEST(Minisign, LegacyOnlyWhereAllowed) {
    const Signer signer;
    TrustSpec trust = trusting(signer);
    const std::string signature = signer.file(artifact, good_comment, false);
    const auto refused = verify(trust, signature);
    ASSERT_FALSE(refused);
    EXPECT_EQ(Code::untrusted, refused.error().code);
    EXPECT_NE(std::string::npos, refused.error().hint.find("allow_legacy"));
    trust.minisign.allow_legacy = true;
    const auto evidence = verify(trust, signature);
    ASSERT_TRUE(evidence) << evidence.error().text();
    EXPECT_NE(std::string::npos, evidence->checks[0].find("legacy"));
    EXPECT_FALSE(verify(trust, signature, artifact + "x"));
    EXPECT_FALSE(verify(trust, signature, ""));
}

// A prehashed signature relabelled as legacy verifies over the 64 bytes of the hash.
TEST(Minisign, TheHashOfASignedFileIsNoRelease) {
    const Signer signer;
    TrustSpec trust = trusting(signer);
    trust.minisign.allow_legacy = true;
    const std::string hash = Signer::blake2b(artifact);
    const auto evidence = verify(trust, signer.assemble("Ed", signer.sign(hash), good_comment, ""), hash);
    ASSERT_FALSE(evidence);
    EXPECT_EQ(Code::untrusted, evidence.error().code);
}

struct Violation {
    const char* what;
    std::function<std::string(const Signer&)> signature;
    const char* said;  // part of the message
};

class MinisignViolation : public testing::TestWithParam<Violation> {};

TEST_P(MinisignViolation, IsUntrusted) {
    const Signer signer;
    const auto evidence = verify(trusting(signer), GetParam().signature(signer));
    ASSERT_FALSE(evidence) << GetParam().what;
    EXPECT_EQ(Code::untrusted, evidence.error().code) << evidence.error().text();
    EXPECT_NE(std::string::npos, evidence.error().message.find(GetParam().said)) << evidence.error().text();
    EXPECT_FALSE(evidence.error().hint.empty());
}

std::string good(const Signer& signer) { return signer.file(artifact, good_comment); }
std::string with_comment(const Signer& signer, const std::string& comment) { return signer.file(artifact, comment); }
std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}
std::string line(const Signer& signer, int number, const std::function<std::string(std::string)>& change) {
    std::string out;
    std::string rest = good(signer);
    for (int i = 1; !rest.empty(); ++i) {
        const auto end = rest.find('\n');
        const std::string one = rest.substr(0, end);
        out += (i == number ? change(one) : one) + "\n";
        rest = rest.substr(end + 1);
    }
    return out;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, MinisignViolation,
    testing::Values(
        Violation{"none", [](const Signer&) { return std::string(); }, "no signature"},
        Violation{"html", [](const Signer&) { return std::string("<html>not found</html>\n"); }, "fewer than four"},
        Violation{"four lines of nothing", [](const Signer&) { return std::string("a\nb\nc\nd\n"); }, "first line"},
        Violation{"other artifact", [](const Signer& s) { return s.file(artifact + "x", good_comment); }, "doesn't match"},
        Violation{"other key, same id",
                  [](const Signer&) {
                      Signer other(2);
                      other.id = Signer(1).id;
                      return good(other);
                  },
                  "doesn't match"},
        Violation{"other key", [](const Signer&) { return good(Signer(2)); }, "0202020202020202"},
        Violation{"wrong key id",
                  [](const Signer& s) {
                      Signer other = s;
                      other.id[0] = 9;
                      return good(other);
                  },
                  "isn't trusted"},
        Violation{"raw signature labelled prehashed",
                  [](const Signer& s) { return s.assemble("ED", s.sign_artifact(artifact, false), good_comment, ""); },
                  "doesn't match"},
        Violation{"unknown algorithm",
                  [](const Signer& s) { return s.assemble("EX", s.sign_artifact(artifact, true), good_comment, ""); },
                  "algorithm"},
        Violation{"algorithm in lower case",
                  [](const Signer& s) { return s.assemble("eD", s.sign_artifact(artifact, true), good_comment, ""); },
                  "algorithm"},
        Violation{"global signature over the comment alone",
                  [](const Signer& s) { return s.assemble("ED", s.sign_artifact(artifact, true), good_comment, good_comment); },
                  "was altered"},
        Violation{"global signature over another comment",
                  [](const Signer& s) {
                      return s.assemble("ED", s.sign_artifact(artifact, true), good_comment,
                                        s.sign_artifact(artifact, true) + "x");
                  },
                  "was altered"},
        Violation{
            "comment changed afterwards",
            [](const Signer& s) { return replaced(with_comment(s, "file:app-1.4.2.tar.xz version:1.4.1"), "1.4.1", "1.4.2"); },
            "was altered"},
        Violation{"global signature of another key",
                  [](const Signer& s) {
                      return line(s, 4, [](const std::string&) {
                          Signer other(2);
                          return Signer::base64(other.sign(other.sign_artifact(artifact, true) + good_comment));
                      });
                  },
                  "was altered"},
        Violation{"older version", [](const Signer& s) { return with_comment(s, "file:app-1.4.2.tar.xz version:1.4.1"); },
                  "doesn't hold"},
        Violation{"longer version", [](const Signer& s) { return with_comment(s, "file:app-1.4.2.tar.xz version:1.4.20"); },
                  "doesn't hold"},
        Violation{"longer word before", [](const Signer& s) { return with_comment(s, "profile:app-1.4.2.tar.xz version:1.4.2"); },
                  "doesn't hold"},
        Violation{"other product", [](const Signer& s) { return with_comment(s, "file:other-1.4.2.tar.xz version:1.4.2"); },
                  "doesn't hold"},
        Violation{"empty comment", [](const Signer& s) { return with_comment(s, ""); }, "doesn't hold"},
        Violation{"carriage return in the comment", [](const Signer& s) { return with_comment(s, good_comment + "\r"); },
                  "carriage return"},
        Violation{"CRLF", [](const Signer& s) { return line(s, 2, [](const std::string& t) { return t + "\r"; }); },
                  "carriage return"},
        Violation{"NUL", [](const Signer& s) { return with_comment(s, good_comment + std::string(1, '\0')); }, "NUL"},
        Violation{"three lines",
                  [](const Signer& s) {
                      std::string t = good(s);
                      t.pop_back();
                      return t.substr(0, t.rfind('\n') + 1);
                  },
                  "fewer than four"},
        Violation{"two lines",
                  [](const Signer& s) {
                      std::string t = good(s);
                      return t.substr(0, t.find("trusted comment: t"));
                  },
                  "fewer than four"},
        Violation{"five lines", [](const Signer& s) { return good(s) + "more\n"; }, "follow"},
        Violation{"trailing bytes", [](const Signer& s) { return good(s) + "x"; }, "follow"},
        Violation{"trailing blank line", [](const Signer& s) { return good(s) + "\n"; }, "follow"},
        Violation{"blank line first", [](const Signer& s) { return "\n" + good(s); }, "follow"},
        Violation{"no label",
                  [](const Signer& s) { return line(s, 1, [](const std::string&) { return std::string("comment: x"); }); },
                  "first line"},
        Violation{
            "no trusted label",
            [](const Signer& s) { return line(s, 3, [](const std::string&) { return std::string("Trusted comment: x"); }); },
            "third line"},
        Violation{"over-long comment",
                  [](const Signer& s) { return line(s, 1, [](const std::string& t) { return t + std::string(1100, 'x'); }); },
                  "over-long"},
        Violation{"over-long trusted comment",
                  [](const Signer& s) { return with_comment(s, good_comment + " " + std::string(8200, 'x')); }, "over-long"},
        Violation{"signature with a space",
                  [](const Signer& s) { return line(s, 2, [](const std::string& t) { return " " + t; }); }, "second line"},
        Violation{"signature cut",
                  [](const Signer& s) { return line(s, 2, [](const std::string& t) { return t.substr(0, t.size() - 4); }); },
                  "second line"},
        Violation{"signature without padding",
                  [](const Signer& s) { return line(s, 2, [](const std::string& t) { return t.substr(0, t.size() - 1); }); },
                  "second line"},
        Violation{"signature not canonical",
                  [](const Signer& s) {
                      return line(s, 4, [](std::string t) {
                          t[t.size() - 3] = t[t.size() - 3] == 'A' ? 'B' : static_cast<char>(t[t.size() - 3] + 1);
                          return t;
                      });
                  },
                  ""},
        Violation{"url-safe base64",
                  [](const Signer& s) {
                      return line(s, 4, [](std::string t) {
                          t[5] = '-';
                          return t;
                      });
                  },
                  "fourth line"},
        Violation{"global cut", [](const Signer& s) { return line(s, 4, [](const std::string& t) { return t.substr(4); }); },
                  "fourth line"}),
    [](const auto& row) {
        std::string name;
        for (const char c : std::string(row.param.what))
            if (std::isalnum(static_cast<unsigned char>(c))) name += c;
        return name;
    });

TEST(Minisign, LastLineMayLackItsLineFeed) {
    const Signer signer;
    std::string signature = good(signer);
    signature.pop_back();
    EXPECT_TRUE(verify(trusting(signer), signature));
}

TEST(Minisign, EveryFlippedBitOfTheArtifactShows) {
    const Signer signer;
    const std::string small = "small artifact";
    const std::string signature = signer.file(small, good_comment);
    for (std::size_t i = 0; i < small.size() * 8; ++i) {
        std::string changed = small;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
        EXPECT_FALSE(verify(trusting(signer), signature, changed));
    }
    EXPECT_TRUE(verify(trusting(signer), signature, small));
}

TEST(Minisign, EveryTruncationOfTheSignatureIsRefused) {
    const Signer signer;
    const std::string signature = good(signer);
    for (std::size_t length = 0; length + 1 < signature.size(); ++length)
        EXPECT_FALSE(verify(trusting(signer), signature.substr(0, length))) << length;
}

TEST(Minisign, WithoutATemplateTheCommentIsNotBoundAndThatIsSaid) {
    const Signer signer;
    TrustSpec trust = trusting(signer);
    trust.minisign.trusted_comment.clear();
    const auto evidence = verify(trust, with_comment(signer, "anything"));
    ASSERT_TRUE(evidence);
    EXPECT_NE(std::string::npos, evidence->checks[1].find("not bound"));
    // Altered ones are refused all the same.
    EXPECT_FALSE(verify(trust, signer.assemble("ED", signer.sign_artifact(artifact, true), "anything", "else")));
}

TEST(Minisign, KeysOfTheSiteFile) {
    const Signer signer;
    const std::string good_key = signer.public_key();
    for (const std::string& key : {std::string(), std::string("untrusted comment: x"), good_key + "\n", " " + good_key,
                                   good_key.substr(1), "RW" + good_key, std::string(good_key).replace(0, 2, "AA")}) {
        TrustSpec trust = trusting(signer);
        trust.minisign.keys = {key};
        const auto evidence = verify(trust, good(signer));
        ASSERT_FALSE(evidence) << key;
        EXPECT_EQ(Code::invalid, evidence.error().code) << key;
    }
    TrustSpec none = trusting(signer);
    none.minisign.keys.clear();
    EXPECT_FALSE(verify(none, good(signer)));
}

TEST(Sha256, StatedAndEqual) {
    const ArtifactFd fd(artifact);
    auto stated = subject(fd.get(), "");
    stated.stated_sha256 = sha256(artifact).hex;
    const auto evidence = make_sha256_verifier({})->verify(stated);
    ASSERT_TRUE(evidence) << evidence.error().text();
    EXPECT_EQ(sha256(artifact).hex, evidence->sha256);
}

TEST(Sha256, Refusals) {
    const ArtifactFd fd(artifact);
    const std::string right = sha256(artifact).hex;
    std::string upper = right;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string other = right;
    other[63] = other[63] == '0' ? '1' : '0';
    for (const std::string& digest : {std::string(), other, upper, right.substr(1), " " + right, right + " ", right + "\r\n",
                                      right.substr(0, 8), right + "0", std::string("md5:") + right, std::string(64, 'g')}) {
        auto stated = subject(fd.get(), "");
        stated.stated_sha256 = digest;
        const auto evidence = make_sha256_verifier({})->verify(stated);
        ASSERT_FALSE(evidence) << digest;
        EXPECT_EQ(Code::untrusted, evidence.error().code) << digest;
    }
}

TEST(Sha256, ADirectoryCannotBeRead) {
    const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto stated = subject(folder, "");
    stated.stated_sha256 = std::string(64, '0');
    EXPECT_FALSE(make_sha256_verifier({})->verify(stated));
    close(folder);
}

}  // namespace
}  // namespace uprev
