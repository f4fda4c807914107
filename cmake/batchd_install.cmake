# cmake --install build/release [--prefix DIR]: the programs, their manual pages and documents, bash's completion, an
# example of the configuration with every key. The Debian package (cmake/batchd_package.cmake) has these, and the
# component `debian`.
include(GNUInstallDirs)
install(TARGETS batchd batchctl gemini-emulator RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/batchd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES docs/man/batchctl.1 docs/man/gemini-emulator.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/batchd.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ctl/completion.bash RENAME batchctl
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
install(FILES config/batchd.toml docs/api.md docs/admin-api.md docs/batchctl.md docs/emulator.md docs/operations.md
              docs/openapi.json
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

# What belongs to a system with systemd, at its places under /: the units say where the programs are.
install(FILES systemd/batchd.service systemd/batchd.socket DESTINATION lib/systemd/system
        COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES systemd/sysusers.conf RENAME batchd.conf DESTINATION usr/lib/sysusers.d COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES systemd/tmpfiles.conf RENAME batchd.conf DESTINATION usr/lib/tmpfiles.d COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES systemd/batchd.toml DESTINATION etc/batchd COMPONENT debian EXCLUDE_FROM_ALL)
