# One interface target carries the flags every room is compiled with.
add_library(mapnet_flags INTERFACE)
target_include_directories(mapnet_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
# GCC 12 warns falsely about std::string (bug 105329: restrict) and std::optional (maybe-uninitialized).
# No contraction into fused multiply-adds: the same source line gives the same bits on every x86-64
# level and, compiled with -fmad=false, on a GPU.
target_compile_options(mapnet_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wpedantic -ffp-contract=off -fno-math-errno>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict -Wno-maybe-uninitialized>)
if(MAPNET_SANITIZE STREQUAL THREAD)
  target_compile_options(mapnet_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread>)
  target_link_options(mapnet_flags INTERFACE -fsanitize=thread)
elseif(MAPNET_SANITIZE)
  # The rooms are instrumented, the tests are compiled as they are for a release: a compiler cache then has them, and
  # all of them can be run so in CI. What a test does to memory of its own is checked where malloc sees it.
  set(room_options $<$<COMPILE_LANGUAGE:CXX>:-g1 -UNDEBUG -fsanitize=address,undefined
                                             -fno-sanitize-recover=undefined -fno-omit-frame-pointer>)
  target_link_options(mapnet_flags INTERFACE -fsanitize=address,undefined)
endif()
if(MAPNET_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "MAPNET_FUZZ is ON, but libFuzzer comes with clang: scripts/install-deps --fuzz, then "
                        "cmake --preset fuzz")
  endif()
  target_compile_options(mapnet_flags INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(mapnet_flags INTERFACE -fsanitize=address,undefined)
endif()

# Paths relative to the sources, so that what one preset compiled is found by the next.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  if(NOT DEFINED ENV{CCACHE_BASEDIR})
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR})
  endif()
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

# mapnet_room(NAME SOURCES ... USES ...): one static library a folder of src/, linked one way.
function(mapnet_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  add_library(mapnet_${name} STATIC ${ROOM_SOURCES})
  # What is installed leaves warnings and sanitizers to whoever uses it.
  target_link_libraries(mapnet_${name} PUBLIC $<BUILD_INTERFACE:mapnet_flags> ${ROOM_USES})
  target_compile_options(mapnet_${name} PRIVATE ${room_options})
  if(MAPNET_SANITIZE STREQUAL ADDRESS)
    # Optimising what is instrumented takes half of its compilation: not worth it where no test spends its time.
    set(level -O1)
    if(name MATCHES "^(cli|common|export|harness)$")
      set(level -O0)
    endif()
    target_compile_options(mapnet_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${level}>)
  endif()
  # Several files at a time: reading the headers takes longer than compiling most files.
  set_target_properties(mapnet_${name} PROPERTIES UNITY_BUILD ${MAPNET_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()
