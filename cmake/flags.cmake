# SPDX-License-Identifier: Apache-2.0
# uprev_flags: what every target of ours is compiled with. Sanitizers come in through it, so foreign code stays as it is.
add_library(uprev_flags INTERFACE)
target_include_directories(uprev_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(uprev_flags INTERFACE -Wall -Wextra -Wconversion -Wno-sign-conversion -Werror -Werror=unused-result)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE MATCHES "^Rel")
  # GCC 12 takes the two halves of an optional or expected for uninitialised once it optimises; clang-tidy and the sanitizers look too.
  target_compile_options(uprev_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(UPREV_SANITIZE)
  target_compile_options(uprev_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(uprev_flags INTERFACE -fsanitize=address,undefined)
endif()
if(UPREV_TSAN)
  target_compile_options(uprev_flags INTERFACE -fsanitize=thread)
  target_link_options(uprev_flags INTERFACE -fsanitize=thread)
endif()
if(UPREV_FUZZ)
  # Coverage for the code under test; the fuzzers themselves are linked with -fsanitize=fuzzer by uprev_fuzz().
  target_compile_options(uprev_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
