// SPDX-License-Identifier: Apache-2.0
// Those functions of libarchive that we call.
#include <archive.h>
#include <archive_entry.h>

#include "os/late_library.hpp"

extern "C" {

#define LATE(...) UPREV_LATE(uprev::os::archive_library, __VA_ARGS__)
LATE(archive*, archive_read_new, (), )
LATE(int, archive_read_free, (archive * a), a)
LATE(int, archive_read_support_format_tar, (archive * a), a)
LATE(int, archive_read_set_options, (archive * a, const char* options), a, options)
LATE(int, archive_read_open,
     (archive * a, void* user, archive_open_callback* open, archive_read_callback* read, archive_close_callback* close), a, user,
     open, read, close)
LATE(int, archive_read_next_header, (archive * a, archive_entry** entry), a, entry)
LATE(int, archive_read_data_block, (archive * a, const void** bytes, size_t* size, la_int64_t* offset), a, bytes, size, offset)
LATE(const char*, archive_error_string, (archive * a), a)
LATE(const char*, archive_entry_pathname, (archive_entry * entry), entry)
LATE(const char*, archive_entry_hardlink, (archive_entry * entry), entry)
LATE(const char*, archive_entry_symlink, (archive_entry * entry), entry)
LATE(__LA_MODE_T, archive_entry_filetype, (archive_entry * entry), entry)
LATE(__LA_MODE_T, archive_entry_mode, (archive_entry * entry), entry)
LATE(la_int64_t, archive_entry_size, (archive_entry * entry), entry)
LATE(time_t, archive_entry_mtime, (archive_entry * entry), entry)
#undef LATE

// Our only call has no values to fill in.
void archive_set_error(archive* a, int number, const char* text, ...) {
    static auto* const real = uprev::os::late<decltype(archive_set_error)>(uprev::os::archive_library, "archive_set_error");
    real(a, number, "%s", text);
}

}  // extern "C"
