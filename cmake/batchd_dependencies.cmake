# Every third-party package, each behind one target, so that a folder's CMakeLists says what it is fenced to.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
find_path(RAPIDJSON_INCLUDE rapidjson/reader.h REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)

# Asio and Beast, compiled once. Every target that includes them links this one. A call has about twenty coroutine frames
# that Asio allocates aligned, which is slow; it keeps so many of those that were freed (2 if it isn't told).
add_library(batchd_net STATIC ${CMAKE_SOURCE_DIR}/cmake/net.cpp)
target_compile_definitions(batchd_net PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
target_link_libraries(batchd_net PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

# Header-only packages.
add_library(rapidjson_headers INTERFACE)
target_include_directories(rapidjson_headers SYSTEM INTERFACE ${RAPIDJSON_INCLUDE})
add_library(xxhash_headers INTERFACE)
target_include_directories(xxhash_headers SYSTEM INTERFACE ${XXHASH_INCLUDE})
target_compile_definitions(xxhash_headers INTERFACE XXH_INLINE_ALL)
add_library(cli11_headers INTERFACE)
target_include_directories(cli11_headers SYSTEM INTERFACE ${CLI11_INCLUDE})
