# The contract over both adapters, and what only one of them can be asked.
uprev_test(uprev_database_contract
  SOURCES database_contract_test.cpp database_crash_test.cpp database_postgresql_test.cpp database_postgresql_errors_test.cpp
    database_sqlite_test.cpp database_worlds.cpp
  DEPENDS uprev_adapter_database uprev_support_postgres
  LABEL contract TIMEOUT 600)
