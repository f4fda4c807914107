# The Debian package: cpack --config build/release/CPackConfig.cmake, which tools/package does.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME batchd)
set(CPACK_PACKAGE_CONTACT "the batchd authors <noreply@batchd.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "durable local queue in front of batch LLM APIs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Programs hand single LLM requests to batchd over a Unix socket, as if each
were alone. It keeps them in a database, packs them into batches, submits and
watches these at the provider (Gemini Batch Mode: half the price, answers
within 24 hours), and brings each result back to the program that asked, even
if that program, the daemon or the machine went away in between.
.
The package has the daemon, its client batchctl, and gemini-emulator, a
stand-in for the provider to develop against without paying.")

# What is installed where: everything of `cmake --install` below /usr, the component `debian` below /.
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};batchd;Unspecified;/usr;${CMAKE_BINARY_DIR};batchd;debian;/")
set(CPACK_PACKAGING_INSTALL_PREFIX "/")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/debian/stage.cmake)

# Its libraries are found by dpkg-shlibdeps. Users and folders are made by whichever of these is there.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/cmake/debian/conffiles ${CMAKE_SOURCE_DIR}/cmake/debian/postinst
    ${CMAKE_SOURCE_DIR}/cmake/debian/prerm ${CMAKE_SOURCE_DIR}/cmake/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

include(CPack)
