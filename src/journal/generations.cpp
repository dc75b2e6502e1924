// SPDX-License-Identifier: Apache-2.0
// Journal: generations, failed versions, settings and snapshot sets.
#include "journal/journal.hpp"
#include "journal/state.hpp"

namespace uprev {

Result<std::int64_t> Journal::add_generation(const Generation& g) {
    std::int64_t number = g.number;
    TRY_VOID(state_->commit("add generation", [&](DatabaseFile& db) -> Result<> {
        if (number < 0) {
            auto last = TRY(db.prepare("SELECT coalesce(max(number), -1) + 1 FROM generations"));
            TRY(last.row());
            number = last.number(0);
        }
        auto s = TRY(db.prepare("INSERT INTO generations VALUES (?,?,?,?,?,?,?,?)"));
        s.bind(1, number).bind(2, g.version).bind(3, g.folder).bind(4, g.operation).bind(5, word(g.state)).bind(6, state_->now());
        s.bind(7, dump(g.plugins)).bind(8, dump(g.details));
        return run(s);
    }));
    return number;
}

Result<> Journal::set_generation(std::int64_t number, GenerationState state) {
    return state_->commit("generation " + std::string(word(state)), [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("UPDATE generations SET state = ?2 WHERE number = ?1"));
        s.bind(1, number).bind(2, word(state));
        return run_on_one(s, db, "generation " + std::to_string(number));
    });
}

Result<std::vector<Generation>> Journal::generations() const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare(
        "SELECT number, version, folder, operation, state, at_ms, plugins, details FROM generations ORDER BY number DESC"));
    std::vector<Generation> out;
    while (TRY(s.row()))
        out.push_back({s.number(0), s.text(1), s.text(2), s.text(3), generation_state(s.text(4)), s.number(5), load(s.text(6)),
                       load(s.text(7))});
    return out;
}

Result<std::optional<Generation>> Journal::active_generation() const {
    for (auto& generation : TRY(generations()))
        if (generation.state == GenerationState::good || generation.state == GenerationState::degraded)
            return std::optional(std::move(generation));
    return std::optional<Generation>();
}

Result<> Journal::mark_failed(const std::string& version, const std::string& reason, const std::string& operation) {
    return state_->commit("mark failed", [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("INSERT OR REPLACE INTO failed_versions VALUES (?,?,?,?)"));
        s.bind(1, version).bind(2, reason).bind(3, operation).bind(4, state_->now());
        return run(s);
    });
}

Result<> Journal::clear_failed(const std::string& version) {
    return state_->commit("clear failed", [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("DELETE FROM failed_versions WHERE version = ?"));
        s.bind(1, version);
        return run(s);
    });
}

Result<std::vector<FailedVersion>> Journal::failed_versions() const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare("SELECT version, reason, operation, at_ms FROM failed_versions ORDER BY at_ms DESC"));
    std::vector<FailedVersion> out;
    while (TRY(s.row())) out.push_back({s.text(0), s.text(1), s.text(2), s.number(3)});
    return out;
}

Result<> Journal::set_setting(const std::string& key, const std::string& value, const std::string& by) {
    return state_->commit("setting " + key, [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("INSERT OR REPLACE INTO settings VALUES (?,?,?,?)"));
        s.bind(1, key).bind(2, value).bind(3, by).bind(4, state_->now());
        return run(s);
    });
}

Result<std::optional<Setting>> Journal::setting(const std::string& key) const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare("SELECT value, set_by, at_ms FROM settings WHERE key = ?"));
    s.bind(1, key);
    if (!TRY(s.row())) return std::optional<Setting>();
    return std::optional(Setting{s.text(0), s.text(1), s.number(2)});
}

Result<> Journal::add_snapshot_set(const SnapshotSet& set) {
    return state_->commit("snapshot set", [&](DatabaseFile& db) -> Result<> {
        auto s =
            TRY(db.prepare("INSERT INTO snapshot_sets (id, operation, version, at_ms, snapshots) VALUES (?1,?2,?3,?4,?5) ON "
                           "CONFLICT (id) DO UPDATE SET "
                           "operation = ?2, version = ?3, at_ms = ?4, snapshots = ?5"));
        s.bind(1, set.id)
            .bind(2, set.operation)
            .bind(3, set.version)
            .bind(4, set.at_ms == 0 ? state_->now() : set.at_ms)
            .bind(5, dump(set.snapshots));
        return run(s);
    });
}

Result<std::vector<SnapshotSet>> Journal::snapshot_sets() const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare("SELECT id, operation, version, at_ms, snapshots FROM snapshot_sets ORDER BY seq DESC"));
    std::vector<SnapshotSet> out;
    while (TRY(s.row())) out.push_back({s.text(0), s.text(1), s.text(2), s.number(3), load(s.text(4))});
    return out;
}

Result<> Journal::forget_snapshot_set(const std::string& id) {
    return state_->commit("forget snapshot set", [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("DELETE FROM snapshot_sets WHERE id = ?"));
        s.bind(1, id);
        return run(s);
    });
}

}  // namespace uprev
