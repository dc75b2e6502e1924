// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.hpp"

#include "journal/schema.hpp"
#include "journal/state.hpp"
#include "os/linux.hpp"

namespace uprev {

namespace {
constexpr const char* operation_columns =
    "id, kind, from_version, to_version, direction, result, created_ms, ended_ms, started_by, uprev_version, machine, request, "
    "verdict, report, "
    "worker";

Operation read_operation(const Statement& s) {
    Operation o;
    o.id = s.text(0);
    o.kind = s.text(1);
    o.from = s.text(2);
    o.to = s.text(3);
    o.direction = s.text(4) == "back" ? Direction::back : Direction::forward;
    o.result = operation_result(s.text(5));
    o.created_ms = s.number(6);
    o.ended_ms = s.number(7);
    o.started_by = s.text(8);
    o.uprev_version = s.text(9);
    o.machine = s.text(10);
    o.request = load(s.text(11));
    o.verdict = load(s.text(12));
    o.report = load(s.text(13));
    o.worker = s.text(14);
    return o;
}

Result<std::string> meta(const DatabaseFile& db, std::string_view key) {
    auto statement = TRY(db.prepare("SELECT value FROM meta WHERE key = ?"));
    statement.bind(1, key);
    if (!TRY(statement.row())) return std::string();
    return statement.text(0);
}

Error too_new(int version) {
    return fail(Code::refused,
                "the journal was written by a newer uprev (state version " + std::to_string(version) + ", this one knows " +
                    std::to_string(state_version) + ")",
                "install the newer uprev again");
}

bool holds_something(const os::Path& file) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file, missing);
    return !missing && size > 0;
}

// Changes nothing in the file: an older state is brought up in memory.
Result<DatabaseFile> open_to_read(const os::Path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        return fail(Code::not_found, "there is no journal '" + file.string() + "'", "run 'uprev adopt' first");
    auto db = TRY(DatabaseFile::open(file, true));
    const int version = TRY(version_of(db));
    if (version > state_version) return too_new(version);
    if (version == 0) return fail(Code::not_found, "the journal '" + file.string() + "' is empty", "run 'uprev adopt' first");
    if (version == state_version) return db;
    auto copy = TRY(DatabaseFile::from_bytes(TRY(db.bytes())));
    TRY_VOID(migrate(copy, [](const std::string&, int) { return Result<>(); }));
    return copy;
}

Result<DatabaseFile> open_to_write(const os::Path& file) {
    // Opening it for writing changes a file already (log mode, checkpoint), so one from the future is recognised before.
    if (holds_something(file)) {
        auto look = TRY(DatabaseFile::open(file, true));
        const int version = TRY(version_of(look));
        if (version > state_version) return too_new(version);
    }
    auto db = TRY(DatabaseFile::open(file, false));
    const int version = TRY(version_of(db));
    if (version > state_version) return too_new(version);
    if (version == 0)
        TRY_VOID(create_schema(db));
    else if (version < state_version)
        TRY_VOID(migrate(db, [&](const std::string& bytes, int from) {
            return os::make_filesystem()->write(file.string() + ".v" + std::to_string(from), bytes, 0600);
        }));
    return db;
}

Result<> update_one(DatabaseFile& db, std::string_view sql, const std::vector<std::string>& texts) {
    auto statement = TRY(db.prepare(sql));
    for (std::size_t i = 0; i < texts.size(); ++i) statement.bind(static_cast<int>(i) + 1, texts[i]);
    return run_on_one(statement, db, "row for '" + texts.front() + "'");
}

Result<> begin_step(DatabaseFile& db, const std::string& operation, const std::string& step, StepStatus as, std::int64_t now) {
    auto s =
        TRY(db.prepare("INSERT INTO steps VALUES (?1, ?2, ?3, 1, ?4, 0, '', '') ON CONFLICT DO UPDATE SET status = ?3, "
                       "attempts = attempts + CASE status WHEN 'failed' THEN 0 ELSE 1 END, started_ms = CASE ?3 WHEN 'doing' "
                       "THEN ?4 ELSE started_ms END, ended_ms = CASE "
                       "?3 WHEN 'doing' THEN 0 ELSE ended_ms END"));
    s.bind(1, operation).bind(2, step).bind(3, word(as)).bind(4, now);
    return run(s);
}
}  // namespace

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const os::Path& file, Options options) {
    auto db = TRY(options.read_only ? open_to_read(file) : open_to_write(file));
    const auto bound = TRY(meta(db, "machine"));
    if (!options.machine_id.empty() && !bound.empty() && bound != options.machine_id)
        return fail(Code::refused,
                    "this state folder belongs to another machine (machine id " + bound + ", here " + options.machine_id + ")",
                    "on a cloned machine run 'uprev adopt' to take the installation over");
    return Journal(std::make_unique<State>(std::move(db), std::move(options)));
}

Result<> Journal::bind_machine(const std::string& machine_id) {
    return state_->commit("bind machine", [&](DatabaseFile& db) {
        return update_one(db, "INSERT INTO meta VALUES ('machine', ?1) ON CONFLICT DO UPDATE SET value = ?1", {machine_id});
    });
}

Result<std::string> Journal::bound_machine() const {
    const std::lock_guard guard(state_->mutex);
    return meta(state_->db, "machine");
}

Result<> Journal::create(const Operation& o) {
    return state_->commit("create operation", [&](DatabaseFile& db) -> Result<> {
        auto other = TRY(db.prepare("SELECT id FROM operations WHERE result = ''"));
        if (TRY(other.row()))
            return fail(Code::conflict, "operation " + other.text(0) + " is unfinished", "end it with 'uprev resume' first");
        auto s = TRY(db.prepare(
            "INSERT INTO operations (id, kind, from_version, to_version, direction, result, created_ms, ended_ms, started_by, "
            "uprev_version, machine, request, plan, pinned, verdict, report, worker) VALUES "
            "(?,?,?,?,?,'',?,0,?,?,?,?,?,?,'','',?)"));
        s.bind(1, o.id).bind(2, o.kind).bind(3, o.from).bind(4, o.to).bind(5, word(o.direction)).bind(6, o.created_ms);
        s.bind(7, o.started_by).bind(8, o.uprev_version).bind(9, o.machine).bind(10, dump(o.request)).bind(11, dump(o.plan));
        s.bind(12, dump(o.pinned)).bind(13, o.worker);
        return run(s);
    });
}

Result<> Journal::set_worker(const std::string& operation, const std::string& worker) {
    return state_->commit("worker", [&](DatabaseFile& db) {
        return update_one(db, "UPDATE operations SET worker = ?2 WHERE id = ?1", {operation, worker});
    });
}

Result<> Journal::freeze(const std::string& operation, const Json& plan, const Json& pinned, const std::string& from,
                         const std::string& to) {
    return state_->commit("freeze plan", [&](DatabaseFile& db) {
        return update_one(db, "UPDATE operations SET plan = ?2, pinned = ?3, from_version = ?4, to_version = ?5 WHERE id = ?1",
                          {operation, dump(plan), dump(pinned), from, to});
    });
}

Result<> Journal::finish(const std::string& operation, OperationResult result, const Json& report) {
    return state_->commit("finish operation", [&](DatabaseFile& db) -> Result<> {
        auto s = TRY(db.prepare("UPDATE operations SET result = ?2, report = ?3, ended_ms = ?4 WHERE id = ?1"));
        s.bind(1, operation).bind(2, word(result)).bind(3, dump(report)).bind(4, state_->now());
        return run_on_one(s, db, "row for '" + operation + "'");
    });
}

Result<Operation> Journal::operation(const std::string& id) const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare(std::string("SELECT ") + operation_columns + ", plan, pinned FROM operations WHERE id = ?"));
    s.bind(1, id);
    if (!TRY(s.row())) return fail(Code::not_found, "there is no operation '" + id + "'", "see 'uprev history'");
    auto o = read_operation(s);
    o.plan = load(s.text(15));
    o.pinned = load(s.text(16));
    return o;
}

Result<std::optional<Operation>> Journal::unfinished() const {
    std::string id;
    {
        const std::lock_guard guard(state_->mutex);
        auto s = TRY(state_->db.prepare("SELECT id FROM operations WHERE result = '' ORDER BY seq DESC LIMIT 1"));
        if (!TRY(s.row())) return std::optional<Operation>();
        id = s.text(0);
    }
    return std::optional<Operation>(TRY(operation(id)));
}

Result<std::vector<Operation>> Journal::operations(std::size_t newest) const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(state_->db.prepare(std::string("SELECT ") + operation_columns + " FROM operations ORDER BY seq DESC LIMIT ?"));
    s.bind(1, static_cast<std::int64_t>(newest));
    std::vector<Operation> out;
    while (TRY(s.row())) out.push_back(read_operation(s));
    return out;
}

Result<> Journal::begin(const std::string& operation, const std::vector<std::string>& steps, StepStatus as) {
    return state_->commit("begin " + (steps.empty() ? std::string() : steps.front()), [&](DatabaseFile& db) -> Result<> {
        for (const auto& step : steps) TRY_VOID(begin_step(db, operation, step, as, state_->now()));
        return {};
    });
}

Result<> Journal::end(const std::string& operation, const StepEnd& end, const std::vector<std::string>& next, StepStatus as) {
    return state_->commit(std::string(word(end.status)) + " " + end.id, [&](DatabaseFile& db) -> Result<> {
        auto s =
            TRY(db.prepare("INSERT INTO steps VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET status = ?3, "
                           "ended_ms = CASE WHEN ?3 = 'undone' AND ended_ms > 0 THEN ended_ms ELSE ?4 END, "
                           "outputs = CASE ?5 WHEN '' THEN outputs ELSE ?5 END, error = CASE ?6 WHEN '' THEN error ELSE ?6 END"));
        s.bind(1, operation)
            .bind(2, end.id)
            .bind(3, word(end.status))
            .bind(4, state_->now())
            .bind(5, dump(end.outputs))
            .bind(6, dump(end.error));
        TRY_VOID(run(s));
        for (const auto& step : next) TRY_VOID(begin_step(db, operation, step, as, state_->now()));
        return {};
    });
}

Result<> Journal::set_direction(const std::string& operation, Direction direction, const Json& verdict) {
    return state_->commit("direction " + std::string(word(direction)), [&](DatabaseFile& db) {
        return update_one(db, "UPDATE operations SET direction = ?2, verdict = ?3 WHERE id = ?1",
                          {operation, std::string(word(direction)), dump(verdict)});
    });
}

Result<std::vector<StepRecord>> Journal::steps(const std::string& operation) const {
    const std::lock_guard guard(state_->mutex);
    auto s = TRY(
        state_->db.prepare("SELECT id, status, attempts, started_ms, ended_ms, outputs, error FROM steps WHERE operation = ?"));
    s.bind(1, operation);
    std::vector<StepRecord> out;
    while (TRY(s.row()))
        out.push_back({s.text(0), step_status(s.text(1)), static_cast<int>(s.number(2)), s.number(3), s.number(4),
                       load(s.text(5)), load(s.text(6))});
    return out;
}

}  // namespace uprev
