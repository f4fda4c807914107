# batchd_library(NAME [LINKS ...]): the static library batchd_NAME of this folder's *.cpp (main.cpp apart).
# batchd_program(NAME LINKS ...):   the executable NAME from this folder's main.cpp, put into build/bin.
# batchd_test(NAME SOURCES ... LINKS ... [LABELS ...] [ONE_THREAD | SAME_THREADS]): one GoogleTest program, one ctest
#   entry per program. The target tests_LABEL builds all programs of a label. The tests of storage and daemon are
#   labelled `tsan`, too, but those with ONE_THREAD: no code in them starts a second one, so ThreadSanitizer has nothing
#   to find; and those with SAME_THREADS: another test of theirs that is labelled `tsan` runs the same code in the same
#   threads.
# batchd_soon_compiled():           what is in this folder and below mostly waits: a release has it with -O1, which takes a
#   quarter less time to compile.
# batchd_versioned(SOURCES...):     these know BATCHD_VERSION. Few do: another version compiles only them again.
# batchd_precompiled(TARGET):       TARGET takes the precompiled header that BATCHD_PRECOMPILED names, if any. That is a target
#   which has it; a folder sets it for the targets in it and below, which must have the same macros and options.
#
# With CMAKE_UNITY_BUILD (presets release, asan, tsan) everything is built as a whole: the files of a target are compiled
# as one, and with precompiled headers. Without it (preset dev) each file is compiled alone, with what it includes itself.

function(batchd_precompiled target)
  if(CMAKE_UNITY_BUILD AND BATCHD_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${BATCHD_PRECOMPILED})
  endif()
endfunction()

function(batchd_library name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(batchd_${name} STATIC ${sources})
  target_link_libraries(batchd_${name} PUBLIC batchd_options ${arg_LINKS})
  batchd_precompiled(batchd_${name})
endfunction()

function(batchd_program name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  add_executable(${name} main.cpp)
  target_link_libraries(${name} PRIVATE batchd_options ${arg_LINKS})
  target_include_directories(${name} SYSTEM PRIVATE ${CLI11_INCLUDE})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  batchd_precompiled(${name})
endfunction()

function(batchd_test name)
  cmake_parse_arguments(arg "ONE_THREAD;SAME_THREADS" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(arg_LABELS MATCHES "^(storage|daemon)$" AND NOT arg_ONE_THREAD AND NOT arg_SAME_THREADS)
    list(APPEND arg_LABELS tsan)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE batchd_test_options GTest::gtest_main ${arg_LINKS})
  batchd_precompiled(test_${name})
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    COST ${arg_TIMEOUT})  # what may take longest is begun first
  foreach(label ${arg_LABELS})
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} test_${name})
  endforeach()
endfunction()

macro(batchd_soon_compiled)
  add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-O1>)
endmacro()

function(batchd_versioned)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS BATCHD_VERSION="${PROJECT_VERSION}")
endfunction()
