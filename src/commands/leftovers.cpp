// SPDX-License-Identifier: Apache-2.0
#include "commands/leftovers.hpp"

#include <algorithm>
#include <set>

#include "operations/run.hpp"
#include "preflight/snapshot_json.hpp"

namespace uprev {

namespace {
constexpr std::size_t logs_kept = 20;
constexpr std::int64_t day_ms = 86'400'000;

std::uint64_t size_of(const os::Path& path) {
    std::error_code error;
    const auto type = std::filesystem::symlink_status(path, error).type();
    if (type == std::filesystem::file_type::regular) return std::filesystem::file_size(path, error);
    if (type != std::filesystem::file_type::directory) return 0;
    std::uint64_t sum = 0;
    auto entry =
        std::filesystem::recursive_directory_iterator(path, std::filesystem::directory_options::skip_permission_denied, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
        std::error_code unread;
        if (!entry->is_symlink(unread) && entry->is_regular_file(unread)) sum += entry->file_size(unread);
    }
    return sum;
}

class Judge {
   public:
    Judge(Session& session, const Adapters& adapters, const Journal& journal, const RetentionSpec& keep)
        : session_(session), adapters_(adapters), journal_(journal), keep_(keep) {}

    Result<std::vector<Leftover>> all() {
        generations_ = TRY(journal_.generations());
        TRY_VOID(retained());
        TRY_VOID(artifacts());
        TRY_VOID(operations());
        TRY_VOID(manifests());
        TRY_VOID(dumps());
        return std::move(out_);
    }

   private:
    void add(std::string what, const std::string& path, bool keep, std::string reason, const os::Path& place) {
        out_.push_back({{std::move(what), path, keep, std::move(reason)}, place, size_of(place)});
    }

    // The set that an operation which waits for a decision may still be put back to.
    Result<std::string> set_in_question() const {
        for (const auto& o : TRY(journal_.operations(50))) {
            if (o.result == OperationResult::needs_operator) return mark_of(o.id);
            if (o.result == OperationResult::succeeded || o.result == OperationResult::degraded ||
                o.result == OperationResult::undone)
                break;
        }
        return std::string();
    }

    Result<> retained() {
        const auto& site = session_.site();
        const auto in_question = TRY(set_in_question());
        const RetentionInput in{adapters_.layout.get(),         &session_.fs(),
                                adapters_.ports.in_use,         os::Path(site.root) / site.releases,
                                session_.state() / "snapshots", keep_};
        for (auto& item : TRY(judge_retention(in, journal_))) {
            const auto place = item.what == "snapshot set" ? in.snapshots / item.path : os::Path(item.path);
            if (item.what == "release" && item.keep) releases_kept_.insert(item.path);
            if (item.what == "release" && !item.keep) releases_gone_.insert(item.path);
            if (item.what == "snapshot set") sets_.insert(item.path);
            if (item.what == "snapshot set" && item.path == in_question)
                item = {item.what, item.path, true, "an operation that needs a decision may need it"};
            out_.push_back({std::move(item), place, size_of(place)});
        }
        return {};
    }

    Result<std::vector<std::string>> names(const os::Path& folder) const {
        auto found = session_.fs().list(folder);
        if (!found && found.error().code == Code::not_found) return std::vector<std::string>();
        return found;
    }

    // Versions of the newest two good releases that stay: the active one and the one to go back to.
    std::set<std::string> versions_worth_fetching_once() const {
        std::set<std::string> out;
        std::set<std::string> folders;
        for (const auto& g : generations_) {
            if (g.state == GenerationState::failed || !releases_kept_.contains(g.folder) || folders.size() == 2) continue;
            folders.insert(g.folder);
            out.insert(g.version);
        }
        return out;
    }

    Result<> artifacts() {
        const auto folder = session_.state() / "artifacts";
        const auto kept = versions_worth_fetching_once();
        for (const auto& name : TRY(names(folder)))
            add("artifact", name, kept.contains(name),
                kept.contains(name) ? "active or last good" : "neither active nor last good", folder / name);
        return {};
    }

    Result<> operations() {
        const auto folder = session_.state() / "ops";
        std::set<std::string> recent;
        std::set<std::string> known;
        for (const auto& o : TRY(journal_.operations(10'000))) {
            known.insert(o.id);
            if (recent.size() < logs_kept || o.result == OperationResult::none || o.result == OperationResult::needs_operator)
                recent.insert(o.id);
        }
        for (const auto& g : generations_)
            if (releases_kept_.contains(g.folder)) recent.insert(g.operation);
        for (const auto& name : TRY(names(folder))) {
            // One that the journal doesn't know may belong to a worker that waits for the lock right now.
            const auto age = session_.clock().wall_ms() - TRY(session_.fs().info(folder / name)).modified * 1000;
            const bool waiting = !known.contains(name) && age < day_ms;
            const bool keep = waiting || recent.contains(name);
            add("operation log", name, keep,
                waiting ? "younger than a day"
                : keep  ? "recent, or of a kept release"
                        : "older than the newest " + std::to_string(logs_kept),
                folder / name);
        }
        return {};
    }

    Result<> manifests() {
        const auto& site = session_.site();
        const auto folder = session_.state() / "manifests";
        for (const auto& name : TRY(names(folder))) {
            const auto release = os::Path(site.root) / site.releases / os::Path(name).stem();
            const bool gone =
                releases_gone_.contains(release.string()) || TRY(session_.fs().info(release)).type == os::FileType::missing;
            if (gone) add("manifest", name, false, "its release is gone", folder / name);
        }
        return {};
    }

    // Of snapshots that never became a set.
    Result<> dumps() {
        const auto folder = session_.state() / "snapshots";
        for (const auto& name : TRY(names(folder)))
            if (!sets_.contains(name)) add("dump", name, false, "of no snapshot set: left by a dead operation", folder / name);
        return {};
    }

    Session& session_;
    const Adapters& adapters_;
    const Journal& journal_;
    const RetentionSpec& keep_;
    std::vector<Generation> generations_;
    std::set<std::string> releases_kept_;
    std::set<std::string> releases_gone_;
    std::set<std::string> sets_;
    std::vector<Leftover> out_;
};

// The proven copies that may stand beside a database, then the dumps, then the record.
Result<> remove_set(Session& session, const Adapters& adapters, Journal& journal, const Leftover& leftover) {
    for (const auto& set : TRY(journal.snapshot_sets())) {
        if (set.id != leftover.item.path) continue;
        for (const auto& row : set.snapshots) {
            const auto snapshot = snapshot_from_json(row);
            const auto found = adapters.ports.databases.find(snapshot.database);
            if (found != adapters.ports.databases.end())
                TRY_VOID(found->second->forget(snapshot, false).within("forgetting the snapshot of '" + snapshot.database + "'"));
        }
    }
    TRY_VOID(session.fs().remove_tree(leftover.place));
    return journal.forget_snapshot_set(leftover.item.path);
}
}  // namespace

Result<std::vector<Leftover>> judge_leftovers(Session& session, const Adapters& adapters, const Journal& journal,
                                              const RetentionSpec& keep) {
    return Judge(session, adapters, journal, keep).all();
}

Result<> remove_leftover(Session& session, const Adapters& adapters, Journal& journal, const Leftover& leftover) {
    if (leftover.item.what == "release") return adapters.layout->discard(leftover.place);
    if (leftover.item.what == "snapshot set") return remove_set(session, adapters, journal, leftover);
    return session.fs().remove_tree(leftover.place);
}

}  // namespace uprev
