// SPDX-License-Identifier: Apache-2.0
#include "operations/choices.hpp"

#include "engine/verdict.hpp"
#include "operations/restore_loss.hpp"

namespace uprev {

namespace {
bool there(const Ports& ports, const os::Path& folder) {
    const auto info = ports.fs->info(folder);
    return info && info->type == os::FileType::folder;
}

void keep(Json& out, const std::string& command, const std::string& version, const ReleaseFile& release, const os::Path& folder,
          const Ports& ports) {
    const auto known = reads_now(release, ports.databases);
    if (known == Reads::no || !there(ports, folder)) return;
    out.push_back(
        {{"command", command},
         {"keeps", "every row, with " + version},
         {"loses", std::string("nothing") + (known == Reads::yes ? "" : "; whether it reads the schema as it is can't be told") +
                       "; it must hold its gate"}});
}

void restore(Json& out, const std::string& set, const Ports& ports, const Journal& journal) {
    const auto sets = journal.snapshot_sets();
    if (!sets) return;
    for (const auto& one : *sets) {
        if (one.id != set) continue;
        const auto loss = restore_loss(ports.databases, one);
        out.push_back({{"command", "uprev snapshot restore " + one.id + " --yes"},
                       {"keeps", one.version + " and the data as it was when the set was taken"},
                       {"loses", loss ? (loses_nothing(*loss) ? "nothing, as things stand"
                                                              : "every row written since: " + loss_in_short(*loss))
                                      : "every row written since the snapshot"}});
        return;
    }
}
}  // namespace

Json choices(const Pinned& pinned, const Plan& plan, const Ports& ports, const Journal& journal) {
    Json out = Json::array();
    keep(out, "uprev resume --accept", plan.to, pinned.release, pinned.folder, ports);
    keep(out, "uprev resume --keep-old", plan.from, pinned.old_release, pinned.old_folder, ports);
    restore(out, pinned.mark, ports, journal);
    return out;
}

}  // namespace uprev
