// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/private_record.hpp"

#include <stdlib.h>

#include <cerrno>
#include <system_error>

#include "os/linux.hpp"

namespace uprev {

Result<PrivateRecord> PrivateRecord::make() {
    std::error_code none;
    auto pattern = (std::filesystem::temp_directory_path(none) / "uprev-run-XXXXXX").string();
    // 0700 and unpredictable: nobody can lie in wait in a folder that all may write.
    if (::mkdtemp(pattern.data()) == nullptr)
        return fail(Code::unavailable, "cannot make a folder like '" + pattern + "': " + std::generic_category().message(errno));
    return PrivateRecord(pattern);
}

PrivateRecord::~PrivateRecord() {
    if (folder_.empty()) return;
    const auto removed = os::make_filesystem()->remove_tree(folder_);
    static_cast<void>(removed.has_value());  // a temporary folder: the system tidies up what we cannot
}

}  // namespace uprev
