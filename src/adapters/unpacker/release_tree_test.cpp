// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/release_tree.hpp"

#include <gtest/gtest.h>

namespace uprev {
namespace {

ReleaseTree with_link(const std::string& target) {
    ReleaseTree tree(100);
    EXPECT_TRUE(tree.add(EntryKind::file, "app/bin/run", ""));
    EXPECT_TRUE(tree.add(EntryKind::symlink, "app/lib/link", target));
    return tree;
}

TEST(ReleaseTree, LinksThatStay) {
    for (const char* target : {"../bin/run", "../bin", ".", "..", "../nothing/yet", "./x/../y", "../bin/../lib/link2"})
        EXPECT_TRUE(with_link(target).check_links("app")) << target;
    EXPECT_TRUE(with_link("../../other").check_links("")) << "without a root to strip it stays inside";
}

TEST(ReleaseTree, LinksThatLeave) {
    for (const char* target : {"", "/", "/etc/passwd", "../..", "../../app/bin/run", "../bin/../../..", "../../../etc"}) {
        const auto checked = with_link(target).check_links("app");
        ASSERT_FALSE(checked) << target;
        EXPECT_EQ(Code::refused, checked.error().code);
    }
    EXPECT_FALSE(with_link("../../..").check_links(""));
}

TEST(ReleaseTree, LinksThroughLinks) {
    ReleaseTree tree = with_link("../bin");
    ASSERT_TRUE(tree.add(EntryKind::symlink, "app/pnpm", "lib/link/run"));
    EXPECT_TRUE(tree.check_links("app"));
    // Lexically inside, but the link before it leads elsewhere: lib/link is bin, so the first ".." is the root.
    ASSERT_TRUE(tree.add(EntryKind::symlink, "app/evil", "lib/link/../../etc"));
    EXPECT_FALSE(tree.check_links("app"));
    ReleaseTree absolute = with_link("/etc");
    ASSERT_TRUE(absolute.add(EntryKind::symlink, "app/first", "lib/link/passwd"));
    EXPECT_FALSE(absolute.check_links("app"));
}

TEST(ReleaseTree, SingleRoot) {
    ReleaseTree tree(100);
    EXPECT_EQ("", tree.single_root());
    ASSERT_TRUE(tree.add(EntryKind::folder, "", ""));
    ASSERT_TRUE(tree.add(EntryKind::folder, "app", ""));
    EXPECT_EQ("app", tree.single_root());
    ASSERT_TRUE(tree.add(EntryKind::file, "app/x", ""));
    EXPECT_EQ("app", tree.single_root());
    ASSERT_TRUE(tree.add(EntryKind::file, "other", ""));
    EXPECT_EQ("", tree.single_root());
    ReleaseTree file(100);
    ASSERT_TRUE(file.add(EntryKind::file, "alone", ""));
    EXPECT_EQ("", file.single_root()) << "a file is no root";
}

TEST(ReleaseTree, OnlyAFolderIsTheReleaseItself) {
    ReleaseTree tree(100);
    EXPECT_TRUE(tree.add(EntryKind::folder, "", ""));
    EXPECT_FALSE(tree.add(EntryKind::file, "", ""));
    EXPECT_FALSE(tree.add(EntryKind::symlink, "", "x"));
}

}  // namespace
}  // namespace uprev
