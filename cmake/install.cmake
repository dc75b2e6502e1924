# SPDX-License-Identifier: Apache-2.0
# make install: the two executables, man page, completions, schemas, examples and the systemd units.
if(NOT TARGET uprev)
  return()
endif()

install(TARGETS uprev RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS uprev-shim RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/uprev)
install(FILES ${CMAKE_SOURCE_DIR}/docs/man/uprev.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/uprev OPTIONAL)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN node_modules EXCLUDE
        PATTERN __pycache__ EXCLUDE)

# Written at install time, because the prefix is known only then.
install(CODE "
  set(UPREV_BIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  foreach(unit uprev-recover@.service uprev-auto@.service uprev-auto@.timer)
    configure_file(\"${CMAKE_SOURCE_DIR}/contrib/systemd/\${unit}.in\"
                   \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/\${unit}\" @ONLY)
    message(STATUS \"Installing: \${CMAKE_INSTALL_PREFIX}/lib/systemd/system/\${unit}\")
  endforeach()
")
foreach(shell bash zsh fish)
  set(file_bash share/bash-completion/completions/uprev)
  set(file_zsh share/zsh/site-functions/_uprev)
  set(file_fish share/fish/vendor_completions.d/uprev.fish)
  install(CODE "
    get_filename_component(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file_${shell}}\" DIRECTORY)
    file(MAKE_DIRECTORY \"\${folder}\")
    execute_process(COMMAND \"\$<TARGET_FILE:uprev>\" completion ${shell}
                    OUTPUT_FILE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file_${shell}}\" COMMAND_ERROR_IS_FATAL ANY)
  ")
endforeach()
