# How everything is compiled. Presets (CMakePresets.json) set these; CI sets BATCHD_WERROR.

option(BATCHD_WERROR "Treat warnings as errors" OFF)
option(BATCHD_TESTS "Build the tests and benchmarks" ON)
option(BATCHD_FUZZ "Make the fuzz targets libFuzzer's (clang only)" OFF)
option(BATCHD_SANITIZE_NULL "With undefined: check each pointer for null where it is used" OFF)
set(BATCHD_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(BATCHD_CCACHE ccache)
if(BATCHD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  if(CMAKE_UNITY_BUILD)
    # Without these ccache leaves alone whatever uses a precompiled header (its manual, "Precompiled headers").
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${BATCHD_CCACHE})
    add_compile_options(-fpch-preprocess)
  else()
    set(CMAKE_CXX_COMPILER_LAUNCHER ${BATCHD_CCACHE})
  endif()
endif()

add_library(batchd_options INTERFACE)
target_include_directories(batchd_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(batchd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers  # patches name the fields they change, and no others
  -Wold-style-cast -Wnull-dereference -Wimplicit-fallthrough)
if(BATCHD_WERROR)
  target_compile_options(batchd_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(batchd_options INTERFACE -Wshadow=local -Wcast-align=strict)
  # g++ 12 sees dereferences of null and overlapping copies in its own inlined std::string (its bug 105651), and with -O2
  # takes the allocator of Asio's coroutine frames (aligned_alloc and free) for a mismatch.
  target_compile_options(batchd_options INTERFACE -Wno-null-dereference -Wno-restrict -Wno-mismatched-new-delete)
  if(CMAKE_UNITY_BUILD)
    # It takes every file of a unity build for a header, in which a type of an anonymous namespace would be a mistake.
    target_compile_options(batchd_options INTERFACE -Wno-subobject-linkage)
  endif()
else()
  # clang finds RapidJSON's iterators ambiguous, and docs/openapi.json long for a literal.
  target_compile_options(batchd_options INTERFACE -Wno-ambiguous-reversed-operator -Wno-overlength-strings)
endif()

if(NOT BATCHD_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # What Debian builds its own daemons with: checked buffers and stacks, tables that are read-only once it runs.
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

if(BATCHD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "BATCHD_FUZZ needs clang++: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(BATCHD_SANITIZE)
  add_compile_options(-fsanitize=${BATCHD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BATCHD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_link_options(-fuse-ld=lld)  # a fifth of the time
  endif()
  if(BATCHD_SANITIZE MATCHES "address")
    add_compile_definitions(BATCHD_WITH_ASAN)
  elseif(BATCHD_SANITIZE MATCHES "thread")
    add_compile_definitions(BATCHD_WITH_TSAN)
  endif()
  if(BATCHD_SANITIZE MATCHES "undefined")
    # A tenth of the time to compile, for casts that nothing of ours makes: -Wcast-align and the lint look for them.
    add_compile_options(-fno-sanitize=alignment)
    if(NOT BATCHD_SANITIZE_NULL)
      # A twelfth of the time to compile with clang, a quarter with g++. AddressSanitizer ends a program that reads or
      # writes through a null pointer; what only this check sees is a reference or a call made of one and not used.
      # `tools/check --long` has it.
      add_compile_options(-fno-sanitize=null)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND BATCHD_SANITIZE MATCHES "undefined")
    # clang 14 can't lower -fsanitize=function inside coroutines; RapidJSON's empty stack adds 0 to a null pointer.
    add_compile_options(-fno-sanitize=function,pointer-overflow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND BATCHD_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)  # atomic_thread_fence inside Asio
  endif()
endif()
