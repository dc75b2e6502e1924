# SPDX-License-Identifier: Apache-2.0
# Faster builds where the tools are there; the result is the same without them.
find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the checkout don't count, so that a second checkout finds what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
