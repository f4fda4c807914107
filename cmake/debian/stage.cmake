# Run by CPack on the installed tree before it is packed: what Debian's policy wants beside the files themselves.
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${root}/usr/share/doc/batchd)

# Who holds which rights: ours, and those of the libraries that are compiled into the programs. (Boost is one, but asks
# for no notice in machine code.)
file(READ ${CMAKE_CURRENT_LIST_DIR}/copyright copyright)
foreach(library rapidjson-dev libtomlplusplus-dev libcli11-dev libxxhash-dev)
  file(READ /usr/share/doc/${library}/copyright text)
  string(APPEND copyright "\n\n---- ${library} ----\n\n${text}")
endforeach()
file(WRITE ${doc}/copyright "${copyright}")

string(TIMESTAMP today "%a, %d %b %Y 00:00:00 +0000" UTC)
file(WRITE ${doc}/changelog "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Built from the source of this version; its history is in the repository.

 -- ${CPACK_PACKAGE_CONTACT}  ${today}
")

file(GLOB pages ${root}/usr/share/man/*/*)
foreach(file ${pages} ${doc}/changelog)
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
