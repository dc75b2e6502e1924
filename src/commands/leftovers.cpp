// SPDX-License-Identifier: Apache-2.0
#include "commands/leftovers.hpp"

#include <algorithm>
#include <set>

#include "engine/step_kind.hpp"
#include "operations/restore.hpp"
#include "operations/run.hpp"
#include "preflight/snapshot_sets.hpp"

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

// Fourteen digits of time and four of chance; a rehearsal's with an r behind.
bool is_mark(const std::string& name) {
    const auto bare = name.ends_with('r') ? name.substr(0, name.size() - 1) : name;
    return bare.size() == 18 && bare.find_first_not_of("0123456789") >= 14 &&
           bare.find_first_not_of("0123456789abcdef") == std::string::npos;
}

class Judge {
   public:
    Judge(Session& session, const Adapters& adapters, Journal& journal, const RetentionSpec& keep)
        : session_(session), adapters_(adapters), journal_(journal), keep_(keep) {}

    Result<std::vector<Leftover>> all() {
        generations_ = TRY(journal_.generations());
        open_ = TRY(open_decision());
        TRY_VOID(retained());
        TRY_VOID(artifacts());
        TRY_VOID(operations());
        TRY_VOID(manifests());
        TRY_VOID(dumps());
        TRY_VOID(replaced());
        return std::move(out_);
    }

   private:
    void add(std::string what, const std::string& path, bool keep, std::string reason, const os::Path& place) {
        out_.push_back({{std::move(what), path, keep, std::move(reason)}, place, size_of(place), {}});
    }

    // Each way out that an operation which waits for a decision offers needs one of its releases, or its set. The mark is the pinned one:
    // an operation that tried a way out bears the mark of the one that stopped first.
    Result<OpenDecision> open_decision() {
        const auto stopped = TRY(stopped_operation(journal_));
        if (!stopped) return OpenDecision();
        stopped_mark_ = mark_of(stopped->id);
        if (stopped->pinned.is_null()) return OpenDecision{{}, stopped_mark_};
        const auto pinned = TRY(pinned_from_json(stopped->pinned));
        return OpenDecision{{pinned.folder, pinned.old_folder}, pinned.mark};
    }

    Result<> retained() {
        const auto& site = session_.site();
        const RetentionInput in{adapters_.layout.get(),
                                &session_.fs(),
                                adapters_.ports.in_use,
                                os::Path(site.root) / site.releases,
                                session_.state() / "snapshots",
                                keep_,
                                session_.state() / "manifests",
                                open_,
                                {}};
        for (auto& item : TRY(judge_retention(in, journal_))) {
            if (item.what == "release" && item.keep) releases_kept_.insert(item.path);
            if (item.what == "release" && !item.keep) releases_gone_.insert(item.path);
            if (item.what != "snapshot set") {
                const os::Path place = item.path;
                out_.push_back({std::move(item), place, size_of(place), {}});
                continue;
            }
            out_.push_back({std::move(item), {}, 0, {}});
        }
        for (const auto& set : TRY(journal_.snapshot_sets())) measure(set);
        return {};
    }

    // A set's dumps may lie in several folders, and bear the mark of a rehearsal.
    void measure(const SnapshotSet& set) {
        const auto item = std::find_if(out_.begin(), out_.end(),
                                       [&](const auto& l) { return l.item.what == "snapshot set" && l.item.path == set.id; });
        for (const auto& folder : folders_of(set)) {
            dumps_kept_.insert(folder.string());
            if (item == out_.end()) continue;
            if (item->place.empty()) item->place = folder;
            item->bytes += size_of(folder);
        }
    }

    // What restores replaced. Data that nobody else has may lie there, so it goes by `uprev gc` alone, and the newest stays.
    Result<> replaced() {
        for (const auto& [name, database] : adapters_.ports.databases) {
            std::size_t found = 0;
            for (const auto& operation : TRY(journal_.operations(10'000))) {
                if (operation.kind != "restore" && !operation.verdict.is_object()) continue;
                const auto mark = mark_of(operation.id);
                const auto kept = TRY(database->replaced(mark));
                if (!kept) continue;
                const bool keep = ++found == 1 || mark == open_.set || mark == stopped_mark_;
                const auto reason = "of database '" + name + "', replaced by " + operation.id + (keep ? ": the newest" : "");
                out_.push_back({{"replaced database", mark, keep, reason}, kept->name, kept->bytes, name});
            }
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

    // Of snapshots that never became a set. Folders that the site names may hold other things: only what bears a mark of ours is judged.
    Result<> dumps() {
        const auto own = session_.state() / "snapshots";
        std::set<std::string> folders{own.string()};
        for (const auto& database : session_.site().databases)
            if (!database.snapshots.empty()) folders.insert(database.snapshots);
        for (const os::Path folder : folders)
            for (const auto& name : TRY(names(folder)))
                if ((folder == own || is_mark(name)) && !dumps_kept_.contains((folder / name).string()))
                    add("dump", name, false, "of no snapshot set: left by a dead operation", folder / name);
        return {};
    }

    Session& session_;
    const Adapters& adapters_;
    Journal& journal_;
    const RetentionSpec& keep_;
    std::vector<Generation> generations_;
    OpenDecision open_;
    std::string stopped_mark_;  // what the stopped operation itself swapped bears this one
    std::set<std::string> releases_kept_;
    std::set<std::string> releases_gone_;
    std::set<std::string> dumps_kept_;
    std::vector<Leftover> out_;
};

Result<> remove_set(Session& session, const Adapters& adapters, Journal& journal, const std::string& id) {
    for (const auto& set : TRY(journal.snapshot_sets()))
        if (set.id == id) return drop_snapshot_set(adapters.ports.databases, session.fs(), journal, set);
    return {};
}
}  // namespace

Result<std::vector<Leftover>> judge_leftovers(Session& session, const Adapters& adapters, Journal& journal,
                                              const RetentionSpec& keep) {
    return Judge(session, adapters, journal, keep).all();
}

Result<> remove_leftover(Session& session, const Adapters& adapters, Journal& journal, const Leftover& leftover) {
    if (leftover.item.what == "release") return adapters.layout->discard(leftover.place);
    if (leftover.item.what == "snapshot set") return remove_set(session, adapters, journal, leftover.item.path);
    if (leftover.item.what == "replaced database")
        return adapters.ports.databases.at(leftover.database)->drop_replaced(leftover.item.path);
    return session.fs().remove_tree(leftover.place);
}

}  // namespace uprev
