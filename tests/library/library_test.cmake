# cmake -DBUILD=<built> -DSOURCE=<tree> -DWORK=<scratch> -DCOMPILER=<c++> -DREADELF=<readelf> -DFOLDERS=<of CUDA and cuDNN> -P library_test.cmake
cmake_minimum_required(VERSION 3.25)

function(run out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ended with ${status}\n${output}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

function(require_text what text pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "${what}: expected '${pattern}' in\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/run)
run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)

# The program, where it was put.
run(version ${WORK}/prefix/bin/mapnet --version)
require_text("mapnet --version" "${version}" "^mapnet [0-9]+\\.[0-9]+\\.[0-9]+ \\(")
run(listing ${WORK}/prefix/bin/mapnet data list)
require_text("mapnet data list" "${listing}" "fashion-mnist")
# This data set has no source to fetch from, and says so.
execute_process(COMMAND ${WORK}/prefix/bin/mapnet data fetch camvid256 ERROR_VARIABLE refusal OUTPUT_QUIET
                RESULT_VARIABLE status)
if(status EQUAL 0)
  message(FATAL_ERROR "mapnet data fetch camvid256: expected a refusal")
endif()
require_text("mapnet data fetch" "${refusal}" "camvid256: cannot be fetched")
# What it fetches data with lies beside it, and refuses what a store has that is damaged.
file(READ ${SOURCE}/data_manifests/mnist/train-images-idx3-ubyte.sha256 hash)
string(STRIP "${hash}" hash)
file(WRITE ${WORK}/store/SHA256/${hash} "damaged")
execute_process(COMMAND ${CMAKE_COMMAND} -E env MAPNET_OBJECT_STORES=${WORK}/store
                        ${WORK}/prefix/bin/mapnet data fetch mnist
                ERROR_VARIABLE refusal OUTPUT_QUIET RESULT_VARIABLE status)
if(status EQUAL 0)
  message(FATAL_ERROR "mapnet data fetch mnist: expected a refusal")
endif()
require_text("mapnet data fetch" "${refusal}" "the stored object is damaged")
require_text("mapnet data fetch" "${refusal}" "work/prefix/share/mapnet/cmake")

# Where the loader would not look for CUDA and cuDNN by itself, the program says.
foreach(folder IN LISTS FOLDERS)
  run(dynamic ${READELF} -d ${WORK}/prefix/bin/mapnet)
  require_text("readelf -d mapnet" "${dynamic}" "R(UN)?PATH[^\n]*[[:]${folder}[]:]")
endforeach()

# What an exported C header is run with.
if(NOT EXISTS ${WORK}/prefix/share/mapnet/examples/microcontroller/int8_network.c)
  message(FATAL_ERROR "expected int8_network.c among the installed examples")
endif()

# A program of somebody else's.
run(ignored ${CMAKE_COMMAND} -S ${SOURCE}/examples/library -B ${WORK}/example -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(ignored ${CMAKE_COMMAND} --build ${WORK}/example)
execute_process(COMMAND ${WORK}/example/example noise-1x28x28x10 WORKING_DIRECTORY ${WORK}/run
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "example: ended with ${status}\n${output}")
endif()
require_text(example "${output}" "test accuracy [0-9.]+% of 64 samples")
if(NOT EXISTS ${WORK}/run/run/model.latent)
  message(FATAL_ERROR "example: expected it to leave run/model.latent")
endif()
