// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <regex>

#include "os/clock.hpp"
#include "os/identity.hpp"
#include "os/secrets.hpp"

namespace uprev {

namespace {
constexpr os::Milliseconds connect_limit{15'000};

struct StateRow {
    std::string_view state;  // a whole SQLSTATE, or its class
    Code code;
};
constexpr std::array state_rows{
    StateRow{"08", Code::unavailable},   StateRow{"28", Code::permission},   StateRow{"3D000", Code::not_found},
    StateRow{"42501", Code::permission}, StateRow{"42P01", Code::not_found}, StateRow{"42P04", Code::conflict},
    StateRow{"53100", Code::exhausted},  StateRow{"53200", Code::exhausted}, StateRow{"53300", Code::unavailable},
    StateRow{"55006", Code::conflict},   StateRow{"55P03", Code::timeout},   StateRow{"57014", Code::timeout},
    StateRow{"57P", Code::unavailable},  StateRow{"25006", Code::refused},   StateRow{"58", Code::failed},
    StateRow{"XX001", Code::corrupt},    StateRow{"XX002", Code::corrupt},
};

std::string connect_hint(Code code, std::string_view state) {
    if (state == "3D000") return "create the database, or correct its name in the address";
    if (state == "28P01") return "correct the password in the address, or in the file it is read from";
    if (code == Code::permission)
        return "check the role and pg_hba.conf; for peer authentication name the OS user with postgresql.as";
    return "is the server running, and are host and port right?";
}

// "FATAL:  28P01: password authentication failed for user \"shop\"\nLOCATION:  …" as PQERRORS_VERBOSE writes it.
struct Refusal {
    std::string state;
    std::string message;
};
Refusal refusal_of(const std::string& text) {
    static const std::regex shape(R"((?:^|\s)([A-Z]+):\s+([0-9A-Z]{5}): ([^\n]*))");
    std::smatch found;
    if (std::regex_search(text, found, shape)) return {found[2], found[3]};
    std::string line = text.substr(0, text.find_last_not_of(" \n") + 1);
    for (char& c : line)
        if (c == '\n' || c == '\t') c = ' ';
    return {"", line};
}

// Own loop instead of PQconnectdb: it has a limit, and verbose errors (with SQLSTATE) from the first message on.
bool drive(PGconn* connection) {
    const os::SystemClock clock;
    const auto deadline = clock.steady() + connect_limit;
    auto want = PGRES_POLLING_WRITING;
    while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
        const auto left = deadline - clock.steady();
        if (left.count() <= 0) return false;
        pollfd watched{PQsocket(connection), static_cast<short>(want == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
        if (poll(&watched, 1, static_cast<int>(left.count())) == 0) return false;
        want = PQconnectPoll(connection);
    }
    return want == PGRES_POLLING_OK;
}

PGconn* connect(const PgAddress& address, const std::string& database) {
    const std::array<const char*, 5> keys{"dbname", "dbname", "fallback_application_name", "client_encoding", nullptr};
    const std::array<const char*, 5> values{address.conninfo.c_str(), database.c_str(), "uprev", "UTF8", nullptr};
    PGconn* connection = PQconnectStartParams(keys.data(), values.data(), 1);
    if (!connection) return nullptr;
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    if (PQstatus(connection) != CONNECTION_BAD && drive(connection)) PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    return connection;
}

// The database's own settings (a read-only default, a time-out, a search path with a planted function) must not steer us.
constexpr const char* own_settings =
    "SET search_path = pg_catalog; SET default_transaction_read_only = off; SET statement_timeout = 0; SET lock_timeout = 0;"
    "SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET standard_conforming_strings = on";

void ignore_notice(void* /*context*/, const char* /*message*/) {}
}  // namespace

Code pg_code(std::string_view sqlstate) {
    for (const auto& row : state_rows)
        if (!sqlstate.empty() && sqlstate.starts_with(row.state)) return row.code;
    return sqlstate.empty() ? Code::unavailable : Code::failed;
}

std::string pg_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

std::string pg_literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

PgConnection::PgConnection(pg_conn* connection, std::vector<std::string> secrets)
    : connection_(connection, PQfinish), secrets_(std::move(secrets)) {
    PQsetNoticeProcessor(connection, ignore_notice, nullptr);
}

Result<PgConnection> PgConnection::open(const PgAddress& address, const std::string& database, const std::string& user) {
    PGconn* raw = nullptr;
    const auto work = [&]() -> Result<> {
        raw = connect(address, database);
        return {};
    };
    // The server asks the kernel who opened the socket, so only connecting must happen as that user.
    if (user.empty() || user == os::current_user().name) {
        TRY_VOID(work());
    } else {
        TRY_VOID(os::as_user(user, work).within("connecting as OS user '" + user + "'"));
    }
    if (!raw) return fail(Code::exhausted, "out of memory while connecting to PostgreSQL");
    PgConnection connection(raw, address.secrets);
    if (PQstatus(raw) != CONNECTION_OK) {
        const auto refusal = refusal_of(PQerrorMessage(raw));
        const auto why = refusal.message.empty() ? "no answer within 15 s" : os::mask(refusal.message, address.secrets);
        const Code code = pg_code(refusal.state);
        return fail(code, "cannot connect to database '" + database + "' (" + address.origin + "): " + why,
                    connect_hint(code, refusal.state));
    }
    TRY_VOID(connection.run(own_settings));
    return connection;
}

Error PgConnection::error_of(void* result) {
    const auto* answer = static_cast<const PGresult*>(result);
    const char* state = answer ? PQresultErrorField(answer, PG_DIAG_SQLSTATE) : nullptr;
    const char* primary = answer ? PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
    const char* detail = answer ? PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL) : nullptr;
    sqlstate_ = state ? state : "";
    std::string message = primary ? primary : refusal_of(PQerrorMessage(connection_.get())).message;
    if (detail) message += std::string(" (") + detail + ")";
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        return fail(Code::unavailable, os::mask("lost the connection to PostgreSQL: " + message, secrets_));
    return fail(pg_code(sqlstate_), os::mask(message, secrets_));
}

Result<PgRows> PgConnection::query(const std::string& sql, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(
        PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                     0),
        PQclear);
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return error_of(answer.get());
    PgRows rows(static_cast<std::size_t>(PQntuples(answer.get())));
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (int column = 0; column < PQnfields(answer.get()); ++column) {
            const int r = static_cast<int>(row);
            if (PQgetisnull(answer.get(), r, column)) {
                rows[row].emplace_back(std::nullopt);
            } else {
                rows[row].emplace_back(PQgetvalue(answer.get(), r, column));
            }
        }
    return rows;
}

Result<std::string> PgConnection::value(const std::string& sql, const std::vector<std::string>& parameters) {
    const auto rows = TRY(query(sql, parameters));
    if (rows.empty() || rows[0].empty() || !rows[0][0]) return std::string();
    return *rows[0][0];
}

Result<> PgConnection::run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection_.get(), sql.c_str()), PQclear);
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) return error_of(answer.get());
    return {};
}

Result<> PgConnection::start(const std::string& sql) {
    if (PQsendQuery(connection_.get(), sql.c_str()) != 1) return error_of(nullptr);
    return {};
}

Result<bool> PgConnection::finished() {
    if (PQconsumeInput(connection_.get()) != 1) return error_of(nullptr);
    while (!PQisBusy(connection_.get())) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQgetResult(connection_.get()), PQclear);
        if (!answer) {
            auto failure = std::exchange(failure_, std::nullopt);
            if (failure) return *std::move(failure);
            return true;
        }
        const auto status = PQresultStatus(answer.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !failure_) failure_ = error_of(answer.get());
    }
    return false;
}

int PgConnection::server_version() const { return PQserverVersion(connection_.get()); }

std::map<std::string, std::string> PgConnection::environment() const {
    std::map<std::string, std::string> out;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection_.get()), PQconninfoFree);
    for (const auto* option = options.get(); option && option->keyword; ++option)
        if (option->envvar && option->val && *option->val) out[option->envvar] = option->val;
    out.erase("PGCLIENTENCODING");  // a dump keeps the database's own encoding
    out.erase("PGDATABASE");
    return out;
}

}  // namespace uprev
