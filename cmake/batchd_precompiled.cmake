# The headers that are compiled once in builds of the whole, each with the options of those that take it:
# set(BATCHD_PRECOMPILED batchd_precompiled_NAME) in a folder's CMakeLists.txt, see batchd_precompiled(). Only what is
# installed is among them: a header of ours would hide for longer that a file doesn't include what it uses.

# Tests are compiled without optimisation and hardening, to compile sooner. The libraries they test have both; inline
# functions may be the tests' own copies.
add_library(batchd_test_options INTERFACE)
target_link_libraries(batchd_test_options INTERFACE batchd_options)
target_compile_options(batchd_test_options INTERFACE -O0)
if(NOT BATCHD_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(batchd_test_options INTERFACE
    -U_FORTIFY_SOURCE -fno-stack-protector -fno-stack-clash-protection)
endif()
if(BATCHD_SANITIZE MATCHES "address,undefined")
  # These take a good part of the time to compile a test. The libraries have vptr, but for inline functions of which a
  # test's own copy is linked; batchd, batchctl and gemini-emulator, which tests/e2e runs, have it everywhere.
  target_compile_options(batchd_test_options INTERFACE -fno-sanitize=null,vptr)
endif()

set(BATCHD_HEADERS_ALL
  <algorithm> <array> <chrono> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span> <sstream>
  <string> <string_view> <thread> <utility> <variant> <vector>)
set(BATCHD_HEADERS_NET
  <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp> <boost/asio/bind_cancellation_slot.hpp>
  <boost/asio/cancellation_signal.hpp> <boost/asio/co_spawn.hpp> <boost/asio/experimental/awaitable_operators.hpp>
  <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/steady_timer.hpp> <boost/asio/this_coro.hpp>
  <boost/asio/use_awaitable.hpp> <boost/asio/write.hpp>)

# batchd_precompile(NAME LINKS ... HEADERS ...): the target batchd_precompiled_NAME, which has these headers compiled.
function(batchd_precompile name)
  cmake_parse_arguments(arg "" "" "LINKS;HEADERS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/precompiled_${name}.cpp)  # a target needs one
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(batchd_precompiled_${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(batchd_precompiled_${name} PRIVATE ${arg_LINKS})
  target_precompile_headers(batchd_precompiled_${name} PRIVATE ${arg_HEADERS})
endfunction()

if(CMAKE_UNITY_BUILD)
  batchd_precompile(net LINKS batchd_options batchd_net HEADERS ${BATCHD_HEADERS_ALL} ${BATCHD_HEADERS_NET})
  if(BATCHD_TESTS)
    find_package(GTest REQUIRED)
    batchd_precompile(test_plain LINKS batchd_test_options HEADERS ${BATCHD_HEADERS_ALL})
    batchd_precompile(test LINKS batchd_test_options GTest::gtest HEADERS ${BATCHD_HEADERS_ALL} <gtest/gtest.h>)
    batchd_precompile(test_net LINKS batchd_test_options GTest::gtest batchd_net
      HEADERS ${BATCHD_HEADERS_ALL} ${BATCHD_HEADERS_NET} <gtest/gtest.h>)
  endif()
endif()
