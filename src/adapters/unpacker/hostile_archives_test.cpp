// SPDX-License-Identifier: Apache-2.0
// Every attack on an unpacker that has a name. Each must be refused, name the entry, and leave the outside as it was; measure() refuses the same.
#include <functional>

#include "adapters/unpacker/archive_fixture.hpp"

namespace uprev {
namespace {

using test::TarWriter;
const std::string gnu_magic("ustar  \0", 8);

struct Hostile {
    const char* what;
    std::function<std::string()> bytes;
    Code code;
    const char* said;  // part of the error's text
};

void PrintTo(const Hostile& row, std::ostream* out) { *out << row.what; }

class HostileArchive : public test::ArchiveFixture, public testing::WithParamInterface<Hostile> {};

TEST_P(HostileArchive, IsRefused) {
    const std::string bytes = GetParam().bytes();
    const auto done = unpack(bytes);
    ASSERT_FALSE(done) << "was unpacked";
    EXPECT_EQ(GetParam().code, done.error().code) << done.error().text();
    EXPECT_NE(std::string::npos, done.error().text().find(GetParam().said)) << done.error().text();
    EXPECT_FALSE(done.error().hint.empty());
    for (const unsigned char c : done.error().text()) EXPECT_FALSE(c < 0x20 || c == 0x7f) << "control characters in a message";
    expect_outside_untouched();
    for (const auto& [name, kind] : listing(into))
        EXPECT_TRUE(kind == "folder" || kind.starts_with("file:")) << name << " " << kind;
    const auto measured = measure(bytes);
    ASSERT_FALSE(measured) << "was measured";
    EXPECT_EQ(done.error().code, measured.error().code);
}

Hostile row(const char* what, TarWriter tar, Code code, const char* said) {
    return {what, [tar] { return tar.finish(); }, code, said};
}
TarWriter tar() { return {}; }

INSTANTIATE_TEST_SUITE_P(Names, HostileArchive, testing::Values(
    row("ParentFile", tar().file("../outside/evil"), Code::refused, "'..'"),
    row("ParentInTheMiddle", tar().file("a/../../outside/evil"), Code::refused, "'..'"),
    row("ParentAtTheEnd", tar().folder("a/..").file("b"), Code::refused, "'..'"),
    row("ParentByPax", tar().pax({{"path", "../outside/evil"}}).file("ok"), Code::refused, "'..'"),
    row("ParentByGnu", tar().gnu_long('L', "../outside/evil").add({"ok", '0', "x", "", 0644, gnu_magic}), Code::refused, "'..'"),
    row("ParentByPrefix", tar().add({"outside/evil", '0', "x", "", 0644, std::string("ustar\00000", 8), "", ".."}), Code::refused, "'..'"),
    row("Absolute", tar().file("/tmp/evil"), Code::refused, "absolute"),
    row("AbsoluteTwice", tar().file("//tmp/evil"), Code::refused, "absolute"),
    row("AbsoluteByPax", tar().pax({{"path", "/tmp/evil"}}).file("ok"), Code::refused, "absolute"),
    row("Empty", tar().file(""), Code::refused, "empty"),
    row("Dot", tar().file("."), Code::refused, "'.'"),
    row("DotDot", tar().folder(".."), Code::refused, "'..'"),
    row("DotInside", tar().file("a/./b"), Code::refused, "'.'"),
    row("DoubleSlash", tar().file("a//b"), Code::refused, "empty component"),
    row("Newline", tar().file("a\nb"), Code::refused, "control character"),
    row("Escape", tar().file("a\x1b[2Jb"), Code::refused, "control character"),
    row("Delete", tar().file("a\x7f" "b"), Code::refused, "control character"),
    row("NulInField", tar().add({std::string("a\0b", 3), '0', "x"}), Code::refused, "NUL"),
    row("NulInPax", tar().pax({{"path", std::string("a\0b", 3)}}).file("ok"), Code::refused, "NUL"),
    row("NulInGnu", tar().gnu_long('L', std::string("a\0b", 3)).add({"ok", '0', "x", "", 0644, gnu_magic}), Code::refused, "NUL"),
    row("NulInLink", tar().add({"l", '2', "", std::string("a\0b", 3)}), Code::refused, "NUL"),
    row("NotUtf8", tar().file("a\xff" "b"), Code::refused, "UTF-8"),
    row("OverlongUtf8", tar().file("a\xc0\xaf" "b"), Code::refused, "UTF-8"),
    row("LongComponent", tar().pax({{"path", std::string(256, 'x')}}).file("ok"), Code::refused, "too long"),
    row("LongName", tar().pax({{"path", [] { std::string s; for (int i = 0; i < 30; ++i) s += std::string(200, 'x') + "/"; return s + "y"; }()}}).file("ok"), Code::refused, "too long"),
    row("TooDeep", tar().pax({{"path", [] { std::string s; for (int i = 0; i < 64; ++i) s += "d/"; return s + "x"; }()}}).file("ok"), Code::refused, "deep"),
    row("FileNamedLikeAFolder", tar().file("a/"), Code::refused, "folder")));

INSTANTIATE_TEST_SUITE_P(
    Duplicates, HostileArchive,
    testing::Values(row("FileTwice", tar().file("a").file("a", "other"), Code::refused, "comes twice"),
                    row("FileTwiceInTwoSpellings", tar().file("a").file("./a", "other"), Code::refused, "comes twice"),
                    row("FolderTwice", tar().folder("a/").folder("a").file("b"), Code::refused, "comes twice"),
                    row("LinkTwice", tar().symlink("a", "b").symlink("a", "c"), Code::refused, "comes twice"),
                    row("FileThenFolder", tar().file("a").folder("a/"), Code::refused, "comes twice"),
                    row("FolderThenFile", tar().folder("a/").file("a"), Code::refused, "comes twice"),
                    row("ImpliedFolderThenFile", tar().file("a/b").file("a"), Code::refused, "already has a folder"),
                    row("FolderReplacedBySymlink", tar().folder("a/").symlink("a", "../outside"), Code::refused, "comes twice"),
                    row("ImpliedFolderReplacedBySymlink", tar().file("a/b").symlink("a", "c").file("a/d"), Code::refused,
                        "already has a folder"),
                    row("Case", tar().file("README").file("readme"), Code::refused, "only by case"),
                    row("CaseOfFolder", tar().file("Lib/a").file("lib/b"), Code::refused, "only by case"),
                    row("CaseOfSymlinkedFolder", tar().symlink("A", "b").file("a/evil"), Code::refused, "only by case"),
                    row("CaseBeyondAscii", tar().file("\xc3\x84").file("\xc3\xa4"), Code::refused, "only by case"),
                    row("SharpS",
                        tar()
                            .file("stra\xc3\x9f"
                                  "e")
                            .file("STRASSE"),
                        Code::refused, "only by case"),
                    row("Decomposed", tar().file("e\xcc\x81"), Code::refused, "composed Unicode"),
                    row("Ligature", tar().file("\xef\xac\x81x").file("fix"), Code::refused, "Unicode form"),
                    row("FullWidth", tar().file("\xef\xbd\x81").file("a"), Code::refused, "Unicode form")));

INSTANTIATE_TEST_SUITE_P(
    Links, HostileArchive,
    testing::Values(
        row("SymlinkOutside", tar().symlink("a", "../outside/treasure").file("b"), Code::refused, "leaves the release"),
        row("SymlinkOutsideAbsolute", tar().symlink("a", "/etc/passwd").file("b"), Code::refused, "leaves the release"),
        row("SymlinkOutsideDangling", tar().symlink("a", "../nowhere").file("b"), Code::refused, "leaves the release"),
        row("SymlinkOutsideAfterGoingIn", tar().symlink("a", "b/../../outside").file("b/c"), Code::refused, "leaves the release"),
        row("SymlinkOutOfTheSingleRoot", tar().file("app/b").symlink("app/a", "../../outside"), Code::refused,
            "leaves the release"),
        row("SymlinkToTheStrippedRoot", tar().file("app/b").symlink("app/a", "../app/b"), Code::refused, "leaves the release"),
        row("SymlinkByPax", tar().pax({{"linkpath", "../../etc/passwd"}}).symlink("a", "b").file("b"), Code::refused,
            "leaves the release"),
        row("SymlinkByGnu", tar().gnu_long('K', "../../etc/passwd").add({"a", '2', "", "b", 0777, gnu_magic}).file("b"),
            Code::refused, "leaves the release"),
        row("SymlinkChainOutside", tar().folder("x/").symlink("x/up", "..").symlink("evil", "x/up/../outside").file("b"),
            Code::refused, "leaves the release"),
        row("SymlinkChainBuiltBackwards", tar().symlink("evil", "x/up/../outside").symlink("x/up", "..").file("b"), Code::refused,
            "leaves the release"),
        row("SymlinkCircle", tar().symlink("a", "b").symlink("b", "a").file("c"), Code::refused, "circle"),
        row("SymlinkToItself", tar().symlink("a", "a/x").file("c"), Code::refused, "circle"),
        row("SymlinkWithNewline", tar().symlink("a", "b\nc").file("b"), Code::refused, "control character"),
        row("SymlinkNotUtf8", tar().symlink("a", "b\xff").file("b"), Code::refused, "UTF-8"),
        row("SymlinkEmpty", tar().symlink("a", "").file("b"), Code::refused, "leaves the release"),
        row("SymlinkWithData", tar().add({"a", '2', "data", "b"}).file("b"), Code::refused, "has contents"),
        row("WriteThroughSymlink", tar().symlink("a", "../outside").file("a/evil"), Code::refused, "lies behind"),
        row("WriteThroughInnerSymlink", tar().folder("b/").symlink("a", "b").file("a/evil"), Code::refused, "lies behind"),
        row("WriteThroughSymlinkFile", tar().symlink("a", "../outside/treasure").file("a", "evil"), Code::refused, "comes twice"),
        row("FolderThroughSymlink", tar().symlink("a", "../outside").folder("a/evil/"), Code::refused, "lies behind"),
        row("BehindAFile", tar().file("a").file("a/b"), Code::refused, "lies behind"),
        row("HardlinkOutside", tar().hardlink("a", "../outside/treasure"), Code::refused, "'..'"),
        row("HardlinkAbsolute", tar().hardlink("a", "/etc/passwd"), Code::refused, "absolute"),
        row("HardlinkToNothing", tar().hardlink("a", "b"), Code::refused, "no earlier file"),
        row("HardlinkToLaterFile", tar().hardlink("a", "b").file("b"), Code::refused, "no earlier file"),
        row("HardlinkToItself", tar().hardlink("a", "a"), Code::refused, "no earlier file"),
        row("HardlinkToFolder", tar().folder("d/").hardlink("a", "d"), Code::refused, "no earlier file"),
        row("HardlinkToSymlink", tar().symlink("s", "../outside/treasure").hardlink("a", "s").file("a", "evil"), Code::refused,
            "no earlier file"),
        row("HardlinkThroughSymlinkChain", tar().symlink("s", "../outside").symlink("t", "s").hardlink("a", "t/treasure"),
            Code::refused, "no earlier file"),
        row("HardlinkInAnotherCase", tar().file("File").hardlink("a", "file"), Code::refused, "no earlier file"),
        row("HardlinkWithData", tar().file("b").add({"a", '1', "evil", "b"}), Code::refused, "has contents"),
        row("WriteThroughHardlink", tar().file("b").hardlink("a", "b").file("a", "evil"), Code::refused, "comes twice")));

INSTANTIATE_TEST_SUITE_P(
    Kinds, HostileArchive,
    testing::Values(row("CharacterDevice", tar().add({"null", '3', ""}), Code::refused, "character device"),
                    row("BlockDevice", tar().add({"disk", '4', ""}), Code::refused, "block device"),
                    row("Fifo", tar().add({"pipe", '6', ""}), Code::refused, "FIFO"),
                    row("Contiguous", tar().add({"c", '7', "x"}), Code::refused, "contiguous"),
                    row("Sparse", tar().add({"s", 'S', "", "", 0644, gnu_magic}), Code::refused, "sparse"),
                    row("SparseByPax",
                        tar()
                            .pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "x"}})
                            .file("a", "0\n" + std::string(510, '\0')),
                        Code::refused, "GNU.sparse"),
                    row("VolumeLabel", tar().add({"v", 'V', "", "", 0644, gnu_magic}).file("a"), Code::refused, "volume"),
                    row("UnknownType", tar().add({"u", 'Q', ""}), Code::refused, "unknown type"),
                    row("Setuid", tar().file("a", "x", 04755), Code::refused, "setuid"),
                    row("Setgid", tar().file("a", "x", 02755), Code::refused, "setuid"),
                    row("Sticky", tar().file("a", "x", 01755), Code::refused, "setuid"),
                    row("SetgidFolder", tar().add({"d/", '5', "", "", 02755}).file("d/a"), Code::refused, "setuid")));

INSTANTIATE_TEST_SUITE_P(
    Headers, HostileArchive,
    testing::Values(
        row("PaxAndGnuName", tar().gnu_long('L', "gnu").pax({{"path", "pax"}}).file("ustar"), Code::refused,
            "pax name and a GNU name"),
        row("PaxAndGnuLink", tar().gnu_long('K', "gnu").pax({{"linkpath", "pax"}}).symlink("a", "x"), Code::refused,
            "pax link and a GNU link"),
        row("SizesDisagree", tar().pax({{"size", "0"}}).file("a", std::string(512, 'x')), Code::refused, "disagree"),
        row("SizesDisagreeOtherWay",
            tar()
                .pax({{"size", "1024"}})
                .add({"a", '0', std::string(1024, 'x'), "", 0644, std::string("ustar\00000", 8), TarWriter::octal(0, 11)}),
            Code::refused, "disagree"),
        row("SizeNoNumber", tar().add({"a", '0', "x", "", 0644, std::string("ustar\00000", 8), "zzzzzzzzzzz"}), Code::refused,
            "no number"),
        row("SizeNegative", tar().add({"a", '0', "x", "", 0644, gnu_magic, std::string(12, '\xff')}), Code::refused, "no number"),
        row("RealSize", tar().pax({{"SCHILY.realsize", "1000"}}).file("a"), Code::refused, "disagree about its size"),
        row("SizeTwice", tar().pax({{"size", "5"}, {"size", "5"}}).file("a"), Code::refused, "twice"),
        row("PathTwice", tar().pax({{"path", "x"}, {"path", "y"}}).file("a"), Code::refused, "twice"),
        row("TwoPaxHeaders", tar().pax({{"path", "x"}}).pax({{"path", "y"}}).file("a"), Code::refused, "two extended headers"),
        row("TwoGnuNames", tar().gnu_long('L', "x").gnu_long('L', "y").add({"a", '0', "x", "", 0644, gnu_magic}), Code::refused,
            "two extended headers"),
        row("GlobalPath", tar().pax({{"path", "x"}}, 'g').file("a"), Code::refused, "global header"),
        row("GlobalSize", tar().pax({{"size", "0"}}, 'g').file("a"), Code::refused, "global header"),
        row("UnknownPaxKey", tar().pax({{"hdrcharset", "BINARY"}}).file("a"), Code::refused, "hdrcharset"),
        row("PaxEmptyPath", tar().pax({{"path", ""}}).file("a"), Code::refused, "empty"),
        row("PaxMalformed", tar().add({"x", 'x', "99 path=x\n"}).file("a"), Code::refused, "malformed"),
        row("PaxNoLength", tar().add({"x", 'x', "path=x\n"}).file("a"), Code::refused, "malformed"),
        row("PaxNoEquals", tar().add({"x", 'x', "7 path\n"}).file("a"), Code::refused, "malformed"),
        row("PaxHuge", tar().add({"x", 'x', std::string(100'000, 'x')}).file("a"), Code::refused, "unreasonable"),
        row("PaxForNothing", tar().file("a").pax({{"path", "x"}}), Code::refused, "belongs to no entry"),
        row("NeitherUstarNorGnu", tar().file("a").add({"b", '0', "x", "", 0644, std::string(8, ' ')}), Code::refused,
            "neither ustar"),
        row("EntryAfterOneEmptyBlock", tar().file("a").raw(std::string(512, '\0')).file("b"), Code::refused, "empty block")));

INSTANTIATE_TEST_SUITE_P(
    Damage, HostileArchive,
    testing::Values(
        Hostile{"Nothing", [] { return std::string(); }, Code::corrupt, "no tar archive"},
        Hostile{"Html", [] { return std::string("<!doctype html><title>404</title>"); }, Code::corrupt, "no tar archive"},
        Hostile{"Zip", [] { return std::string("PK\x03\x04") + std::string(600, 'x'); }, Code::corrupt, "no tar archive"},
        Hostile{"Bzip2", [] { return std::string("BZh91AY&SY") + std::string(600, 'x'); }, Code::corrupt, "no tar archive"},
        Hostile{"Checksum",
                [] {
                    return tar().file("a").add({"b", '0', "x", "", 0644, std::string("ustar\00000", 8), "", "", true}).finish();
                },
                Code::corrupt, "checksum"},
        Hostile{"NoEntries", [] { return test::gzip(tar().finish()); }, Code::corrupt, "empty"},
        Hostile{"NoEndMark", [] { return tar().file("a").unfinished(); }, Code::corrupt, "truncated"},
        Hostile{"HalfEndMark", [] { return tar().file("a").unfinished() + std::string(512, '\0'); }, Code::corrupt, "truncated"},
        Hostile{"CutInData", [] { return tar().file("a", std::string(5000, 'x')).unfinished().substr(0, 3000); }, Code::corrupt,
                ""},
        Hostile{"Garbage", [] { return tar().file("a").finish() + "evil"; }, Code::corrupt, "truncated"},
        Hostile{"GarbageBlock", [] { return tar().file("a").finish() + std::string(512, 'x'); }, Code::refused, "follow the end"},
        Hostile{"SecondArchive", [] { return tar().file("a").finish() + tar().file("../evil").finish(); }, Code::refused,
                "follow the end"},
        Hostile{"GarbageAfterGzip", [] { return test::gzip(tar().file("a").finish()) + "evil"; }, Code::corrupt,
                "follow the end"},
        Hostile{"GarbageAfterXz", [] { return test::xz(tar().file("a").finish()) + "evilevil"; }, Code::corrupt, ""},
        Hostile{"GarbageAfterZstd", [] { return test::zstd(tar().file("a").finish()) + "evil"; }, Code::corrupt,
                "follow the end"},
        Hostile{"SecondArchiveInItsOwnGzip",
                [] { return test::gzip(tar().file("a").finish()) + test::gzip(tar().file("b").finish()); }, Code::refused,
                "follow the end"},
        Hostile{"GzipCut",
                [] {
                    const auto all = test::gzip(tar().file("a", std::string(5000, 'x')).finish());
                    return all.substr(0, all.size() - 9);
                },
                Code::corrupt, "truncated"},
        Hostile{"XzCut",
                [] {
                    const auto all = test::xz(tar().file("a", std::string(5000, 'x')).finish());
                    return all.substr(0, all.size() - 9);
                },
                Code::corrupt, "truncated"},
        Hostile{"ZstdCut",
                [] {
                    const auto all = test::zstd(tar().file("a", std::string(5000, 'x')).finish());
                    return all.substr(0, all.size() - 9);
                },
                Code::corrupt, "truncated"},
        Hostile{"GzipWithoutTrailer",
                [] {
                    const auto all = test::gzip(tar().file("a").finish());
                    return all.substr(0, all.size() - 8);
                },
                Code::corrupt, "truncated"},
        Hostile{"GzipDamaged",
                [] {
                    auto all = test::gzip(tar().file("a", std::string(5000, 'x')).finish());
                    all[20] = static_cast<char>(~all[20]);
                    return all;
                },
                Code::corrupt, ""},
        Hostile{"XzDamaged",
                [] {
                    auto all = test::xz(tar().file("a", std::string(5000, 'x')).finish());
                    all[40] = static_cast<char>(~all[40]);
                    return all;
                },
                Code::corrupt, ""},
        Hostile{"XzHungryForMemory", [] { return test::xz_hungry(tar().file("a").finish()); }, Code::exhausted, "memory"}));

INSTANTIATE_TEST_SUITE_P(
    Bombs, HostileArchive,
    testing::Values(Hostile{"Ratio", [] { return test::xz(tar().file("a", std::string(80U << 20U, '\0')).finish()); },
                            Code::exhausted, "bomb"},
                    Hostile{"HugeSizeInAHeader",
                            [] {
                                return tar()
                                    .add({"a", '0', "x", "", 0644, gnu_magic,
                                          "\x80" + std::string(6, '\0') + "\x7f" + std::string(4, '\xff')})
                                    .finish();
                            },
                            Code::exhausted, "bytes"},
                    Hostile{"HugeSizeByPax",
                            [] {
                                return tar()
                                    .pax({{"size", "99999999999999"}})
                                    .add({"a", '0', "x", "", 0644, std::string("ustar\00000", 8), TarWriter::octal(0, 11)})
                                    .finish();
                            },
                            Code::exhausted, "bytes"}));

class ArchiveLimits : public test::ArchiveFixture {};

TEST_F(ArchiveLimits, Bytes) {
    UnpackLimits limits;
    limits.bytes = 1000;
    EXPECT_TRUE(unpack(tar().file("a", std::string(500, 'x')).file("b", std::string(500, 'x')).finish(), limits));
    std::filesystem::remove_all(into);
    EXPECT_EQ(Code::exhausted,
              unpack(tar().file("a", std::string(500, 'x')).file("b", std::string(501, 'x')).finish(), limits).error().code);
}

TEST_F(ArchiveLimits, Entries) {
    UnpackLimits limits;
    limits.entries = 3;
    EXPECT_TRUE(unpack(tar().file("a").file("b").file("c").finish(), limits));
    std::filesystem::remove_all(into);
    EXPECT_EQ(Code::exhausted, unpack(tar().file("a").file("b").file("c").file("d").finish(), limits).error().code);
    std::filesystem::remove_all(into);
    EXPECT_EQ(Code::exhausted, unpack(tar().file("a/b/c/d").finish(), limits).error().code) << "implied folders count";
}

TEST_F(ArchiveLimits, Depth) {
    UnpackLimits limits;
    limits.depth = 3;
    EXPECT_TRUE(unpack(tar().file("a/b/c").finish(), limits));
    std::filesystem::remove_all(into);
    EXPECT_EQ(Code::refused, unpack(tar().file("a/b/c/d").finish(), limits).error().code);
}

TEST_F(ArchiveLimits, HeadersAloneAreABombToo) {
    UnpackLimits limits;
    limits.bytes = 0;
    TarWriter writer;
    for (int i = 0; i < 700; ++i) writer.pax({{"comment", std::string(60'000, 'x')}}).file("f" + std::to_string(i), "");
    const auto measured = measure(writer.finish(), limits);
    ASSERT_FALSE(measured);
    EXPECT_EQ(Code::exhausted, measured.error().code) << measured.error().text();
}

// Torn at every length: never unpacked, never a crash.
TEST_F(ArchiveLimits, EveryTruncation) {
    const std::string plain = tar().file("a/b").symlink("a/c", "b").pax({{"path", "a/pax"}}).file("x").finish();
    for (const auto& bytes : {plain, test::gzip(plain), test::xz(plain), test::zstd(plain)})
        for (std::size_t length = 0; length<bytes.size(); length += bytes.size()> 2000 ? 7 : 1)
            ASSERT_FALSE(measure(bytes.substr(0, length))) << length << " of " << bytes.size();
}

// Any one byte changed: refused, or (where nothing that counts was hit, such as an owner's name) read without harm.
TEST_F(ArchiveLimits, EveryFlippedByteOfAGzip) {
    const std::string bytes = test::gzip(tar().file("a/b").symlink("a/c", "b").finish());
    int refused = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x55);
        refused += measure(changed) ? 0 : 1;
    }
    EXPECT_GE(refused, static_cast<int>(bytes.size()) - 8) << "only mtime, flags and system in gzip's own header may change";
}

}  // namespace
}  // namespace uprev
