# cmake --install build/release [--prefix DIR]: the programs, their manual pages, bash's completion, an example of the
# configuration with every key.
include(GNUInstallDirs)
install(TARGETS batchd batchctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/batchd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES docs/man/batchctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/batchd.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ctl/completion.bash RENAME batchctl
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
install(FILES config/batchd.toml DESTINATION ${CMAKE_INSTALL_DOCDIR})
