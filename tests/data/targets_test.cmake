# cmake/DataTargets.cmake: the same sources through ExternalData, in a project of its own.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/toy.cmake)

file(WRITE ${WORK}/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(toy NONE)
include(${SCRIPTS}/DataTargets.cmake)
mapnet_data_targets(\${CMAKE_CURRENT_SOURCE_DIR}/manifests)\n")
set(CMAKE ${CMAKE_COMMAND} -E env --unset=MAPNET_OBJECT_STORES XDG_CACHE_HOME=${WORK}/xdg
          ${CMAKE_COMMAND})
set(CONFIGURE ${CMAKE} -G Ninja -S ${WORK} -B ${WORK}/build)
set(BUILD ${CMAKE} --build ${WORK}/build)

expect_run(FAILS RUN ${CONFIGURE} -DMAPNET_OBJECT_STORES=some/where
           SAYS "expected absolute folders, found 'some/where'")
expect_run(SUCCEEDS RUN ${CONFIGURE} -DMAPNET_OBJECT_STORES=${WORK}/none:${WORK}/store)

# A plain build fetches nothing.
expect_run(SUCCEEDS RUN ${BUILD} NEVER Fetching)

# From the mirror into the cache, unpacked; linked in the build folder.
expect_run(FAILS RUN ${BUILD} --target data-toy SAYS "no source has it")
toy_source(mirror)
toy_leftover(${WORK}/xdg/mapnet/objects/SHA256/${TOY_HASH_test-x}.tmpabcdefgh.gz "2 days ago")
expect_run(SUCCEEDS RUN ${BUILD} --target data-toy SAYS Fetching "every file's SHA-256 is as listed")
expect_objects(xdg/mapnet/objects 4)
file(SHA256 ${WORK}/build/toy/test-y hash)
if(NOT hash STREQUAL TOY_HASH_test-y)
  message(FATAL_ERROR "build/toy/test-y: expected SHA-256 ${TOY_HASH_test-y}, found ${hash}")
endif()
expect_run(SUCCEEDS RUN ${BUILD} --target data NEVER Fetching)

# Without the cache, from an object store; no source is asked.
file(REMOVE_RECURSE ${WORK}/xdg ${WORK}/build/toy)
toy_store(store)
expect_run(SUCCEEDS RUN ${BUILD} --target data-toy SAYS "Found object: \"${WORK}/store" NEVER trying)
expect_objects(xdg/mapnet/objects 0)

# A store's object that is damaged afterwards, or from the start, is refused every time.
file(WRITE ${WORK}/store/SHA256/${TOY_HASH_train-y} "damaged")
foreach(again RANGE 1)
  expect_run(FAILS RUN ${BUILD} --target data-toy
             SAYS "toy/train-y: the stored object is damaged.*store/SHA256/${TOY_HASH_train-y}"
                  "expected SHA-256 ${TOY_HASH_train-y}, found ")
endforeach()
file(REMOVE_RECURSE ${WORK}/build/toy)
expect_run(FAILS RUN ${BUILD} --target data-toy SAYS "toy/train-y: the stored object is damaged")

# The advice in that message mends it.
file(REMOVE ${WORK}/store/SHA256/${TOY_HASH_train-y})
expect_run(SUCCEEDS RUN ${BUILD} --target data-toy SAYS "trying file://${WORK}/mirror/train-y")
expect_objects(xdg/mapnet/objects 1)
