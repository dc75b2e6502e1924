// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/two_readers.hpp"

#include <archive_entry.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace uprev {
namespace {

using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

Entry make(const char* name, unsigned type, std::int64_t size) {
    Entry entry(archive_entry_new(), &archive_entry_free);
    archive_entry_set_pathname(entry.get(), name);
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_size(entry.get(), size);
    return entry;
}

TEST(TwoReaders, Agree) {
    EXPECT_TRUE(same_entry({EntryKind::file, "a/b", "", 5}, make("a/b", AE_IFREG, 5).get()));
    EXPECT_TRUE(same_entry({EntryKind::folder, "a/", "", 0}, make("a", AE_IFDIR, 0).get()));
    const Entry link = make("l", AE_IFLNK, 0);
    archive_entry_set_symlink(link.get(), "a");
    EXPECT_TRUE(same_entry({EntryKind::symlink, "l", "a", 0}, link.get()));
    const Entry hard = make("h", AE_IFREG, 0);
    archive_entry_set_hardlink(hard.get(), "a");
    EXPECT_TRUE(same_entry({EntryKind::hardlink, "h", "a", 0}, hard.get()));
}

TEST(TwoReaders, Disagree) {
    const TarHeader file{EntryKind::file, "a", "", 5};
    const auto said = [](const TarHeader& header, const Entry& entry) {
        const auto same = same_entry(header, entry.get());
        return same ? std::string("agree") : same.error().message.substr(same.error().message.rfind(' ') + 1);
    };
    EXPECT_EQ("name", said(file, make("b", AE_IFREG, 5)));
    EXPECT_EQ("name", said(file, Entry(archive_entry_new(), &archive_entry_free)));
    EXPECT_EQ("kind", said(file, make("a", AE_IFDIR, 5)));
    EXPECT_EQ("kind", said(file, make("a", AE_IFCHR, 5)));
    EXPECT_EQ("size", said(file, make("a", AE_IFREG, 6)));
    const Entry hard = make("a", AE_IFREG, 5);
    archive_entry_set_hardlink(hard.get(), "b");
    EXPECT_EQ("kind", said(file, hard));
    EXPECT_EQ("target", said({EntryKind::hardlink, "a", "c", 0}, hard));
    const Entry link = make("a", AE_IFLNK, 0);
    EXPECT_EQ("target", said({EntryKind::symlink, "a", "b", 0}, link));
    archive_entry_set_symlink(link.get(), "c");
    EXPECT_EQ("target", said({EntryKind::symlink, "a", "b", 0}, link));
}

}  // namespace
}  // namespace uprev
