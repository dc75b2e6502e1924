// SPDX-License-Identifier: Apache-2.0
// Those functions of libpq that we call.
#include <libpq-fe.h>

#include "os/late_library.hpp"

extern "C" {

#define LATE(...) UPREV_LATE(uprev::os::libpq_library, __VA_ARGS__)
LATE(PGconn*, PQconnectStartParams, (const char* const* keywords, const char* const* values, int expand), keywords, values,
     expand)
LATE(PostgresPollingStatusType, PQconnectPoll, (PGconn * connection), connection)
LATE(PQconninfoOption*, PQconndefaults, (), )
LATE(PQconninfoOption*, PQconninfoParse, (const char* text, char** error), text, error)
LATE(PQconninfoOption*, PQconninfo, (PGconn * connection), connection)
LATE(void, PQconninfoFree, (PQconninfoOption * options), options)
LATE(void, PQfinish, (PGconn * connection), connection)
LATE(ConnStatusType, PQstatus, (const PGconn* connection), connection)
LATE(int, PQsocket, (const PGconn* connection), connection)
LATE(int, PQserverVersion, (const PGconn* connection), connection)
LATE(char*, PQerrorMessage, (const PGconn* connection), connection)
LATE(PGVerbosity, PQsetErrorVerbosity, (PGconn * connection, PGVerbosity verbosity), connection, verbosity)
LATE(PQnoticeProcessor, PQsetNoticeProcessor, (PGconn * connection, PQnoticeProcessor processor, void* argument), connection,
     processor, argument)
LATE(PGresult*, PQexec, (PGconn * connection, const char* query), connection, query)
LATE(PGresult*, PQexecParams,
     (PGconn * connection, const char* query, int count, const Oid* types, const char* const* values, const int* lengths,
      const int* formats, int result_format),
     connection, query, count, types, values, lengths, formats, result_format)
LATE(int, PQsendQuery, (PGconn * connection, const char* query), connection, query)
LATE(int, PQconsumeInput, (PGconn * connection), connection)
LATE(int, PQisBusy, (PGconn * connection), connection)
LATE(PGresult*, PQgetResult, (PGconn * connection), connection)
LATE(ExecStatusType, PQresultStatus, (const PGresult* result), result)
LATE(char*, PQresultErrorField, (const PGresult* result, int field), result, field)
LATE(int, PQntuples, (const PGresult* result), result)
LATE(int, PQnfields, (const PGresult* result), result)
LATE(char*, PQgetvalue, (const PGresult* result, int row, int column), result, row, column)
LATE(int, PQgetisnull, (const PGresult* result, int row, int column), result, row, column)
LATE(void, PQclear, (PGresult * result), result)
LATE(void, PQfreemem, (void* at), at)
#undef LATE

}  // extern "C"
