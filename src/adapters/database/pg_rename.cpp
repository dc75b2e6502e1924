// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_rename.hpp"

#include "os/clock.hpp"

namespace uprev {

namespace {
constexpr int attempts = 3;  // the server itself waits five seconds for sessions to leave, each time
constexpr os::Milliseconds between{50};

std::string one_of(const std::vector<std::string>& databases) {
    std::string out;
    for (const auto& database : databases) out += (out.empty() ? "" : ", ") + pg_literal(database);
    return "datname IN (" + out + ")";
}

// Whether one of them can't be ended by us: a session of a superuser.
Result<bool> end_sessions(PgConnection& connection, const std::string& which) {
    bool stubborn = false;
    const auto sessions =
        TRY(connection.query("SELECT pid FROM pg_stat_activity WHERE " + which + " AND pid <> pg_backend_pid()"));
    for (const auto& session : sessions) {
        const auto ended = connection.query("SELECT pg_terminate_backend($1::int)", {session[0].value_or("0")});
        if (!ended && ended.error().code == Code::unavailable) return ended.error();
        stubborn = stubborn || !ended;
    }
    return stubborn;
}

std::string who_is_in_the_way(PgConnection& connection, const std::string& which) {
    const auto rows = connection.query(
        "SELECT format('pid %s of role %s (%s)', pid, usename, coalesce(nullif(application_name, ''), 'no name')) FROM "
        "pg_stat_activity "
        "WHERE " +
        which + " AND pid <> pg_backend_pid() ORDER BY pid LIMIT 3");
    std::string out;
    if (rows)
        for (const auto& row : *rows) out += (out.empty() ? "" : ", ") + row[0].value_or("");
    return out.empty() ? "a prepared transaction" : out;
}

// New sessions queue behind the lock that the waiting rename holds, and find the name gone when it is done; those that are there
// already are ended meanwhile from a second session. So no writer slips in between.
Result<> attempt(PgConnection& renamer, PgConnection& ender, const std::string& which, const std::string& statements,
                 bool& stubborn) {
    os::SystemClock clock;
    stubborn = false;
    TRY_VOID(renamer.start(statements));
    while (!TRY(renamer.finished())) {
        stubborn = TRY(end_sessions(ender, which));
        clock.sleep(between);
    }
    return {};
}
}  // namespace

Result<> pg_rename(PgConnection& renamer, const PgOpen& open, const std::vector<std::string>& databases,
                   const std::string& statements) {
    PgConnection ender = TRY(open());
    const std::string which = one_of(databases);
    for (int i = 1;; ++i) {
        bool stubborn = false;
        auto done = attempt(renamer, ender, which, statements, stubborn);
        if (done) return {};
        if (done.error().code == Code::permission)
            return fail(Code::permission, done.error().message,
                        "renaming needs the database's owner with the right CREATEDB (ALTER ROLE … CREATEDB), or postgresql.as: "
                        "postgres");
        if (renamer.sqlstate() != "55006") return done;
        if (stubborn || i == attempts)
            return fail(Code::conflict, done.error().message + ": " + who_is_in_the_way(ender, which),
                        "end that session, then run the same command again");
    }
}

}  // namespace uprev
