# The contract over both adapters, and what only one of them can be asked. Crashes are a program of their own, to run beside the rest.
add_library(uprev_database_worlds STATIC database_worlds.cpp)
target_link_libraries(uprev_database_worlds PUBLIC uprev_flags uprev_adapter_database uprev_support_postgres GTest::gtest)
uprev_test(uprev_database_contract
  SOURCES database_contract_test.cpp database_postgresql_test.cpp database_postgresql_errors_test.cpp database_sqlite_test.cpp
  DEPENDS uprev_database_worlds
  LABEL contract TIMEOUT 600)
uprev_test(uprev_database_crash SOURCES database_crash_test.cpp DEPENDS uprev_database_worlds LABEL contract TIMEOUT 1800)
# Long: with the long run, like the crash points.
set_tests_properties(uprev_database_crash PROPERTIES LABELS "contract;hours")
