// SPDX-License-Identifier: Apache-2.0
// Unpack aside, link operator-owned paths in, promote by one rename.
#include "os/open.hpp"
#include "steps/steps.hpp"

namespace uprev::steps {

Result<Json> unpack(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.fs->remove_tree(c.pinned.staging));
    TRY_VOID(c.ports.fs->make_folders(c.pinned.staging.parent_path(), 0755, {c.pinned.site.user}));
    const auto artifact = TRY(os::open_for_reading(c.pinned.artifact));
    UnpackRequest request;
    request.fd = artifact.get();
    request.sha256 = c.pinned.sha256;
    request.into = c.pinned.staging;
    request.user = c.pinned.site.user;
    request.limits.bytes = c.pinned.site.source.feed.max_unpacked_bytes;
    request.limits.entries = c.pinned.site.source.feed.max_entries;
    request.cancelled = c.cancelled;
    const auto unpacked = TRY(c.ports.unpacker->unpack(request));
    return Json{{"bytes", unpacked.bytes}, {"entries", unpacked.entries}};
}

Result<> drop_staging(StepContext& c, const PlannedStep&) { return c.ports.fs->remove_tree(c.pinned.staging); }

Result<Json> link_kept(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.layout->link_kept(c.pinned.staging));
    return Json{{"linked", c.pinned.site.keep}};
}

// What lies in it reaches the disk with the seal: until then a power cut leads back, and the folder is dropped whatever it holds.
Result<Json> promote(StepContext& c, const PlannedStep&) {
    TRY_VOID(c.ports.layout->promote(c.pinned.staging, c.pinned.folder));
    return Json{{"folder", c.pinned.folder.string()}};
}

Result<> drop_release(StepContext& c, const PlannedStep&) { return c.ports.layout->discard(c.pinned.folder); }

}  // namespace uprev::steps
