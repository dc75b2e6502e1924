find_package(nlohmann_json REQUIRED)
uprev_test(uprev_services_contract_tests
  SOURCES services_world.cpp services_contract_test.cpp services_pm2_test.cpp services_pm2_failures_test.cpp
  DEPENDS uprev_adapter_services uprev_adapter_probe uprev_os uprev_shim_path nlohmann_json::nlohmann_json
  LABEL contract TIMEOUT 1800)
target_compile_definitions(uprev_services_contract_tests PRIVATE UPREV_TEST_SUPPORT="${CMAKE_SOURCE_DIR}/tests/support")
# Long: kills and PM2 restarts by the dozen. With the long run, like the crash points.
set_tests_properties(uprev_services_contract_tests PROPERTIES LABELS "contract;hours")
