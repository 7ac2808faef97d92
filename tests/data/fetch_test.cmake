# cmake/FetchDataset.cmake: which source serves, in what order, and what is refused.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/toy.cmake)

set(FETCH ${CMAKE_COMMAND} -DDATASET=toy -DCACHE=${WORK}/cache -DMANIFESTS=${WORK}/manifests)
set(SCRIPT -P ${SCRIPTS}/FetchDataset.cmake)

# Nothing has it: every source is named with its reason, and nothing is left behind.
expect_run(FAILS RUN ${FETCH} ${SCRIPT}
           SAYS "toy/train-x: no source has it" "debian/train-x.gz: .*mirror/train-x.gz: "
                "apt-get install dataset-toy")
expect_objects(cache 0)

# The mirror serves what Debian's folder lacks; a second run finds it all without any source.
toy_source(mirror)
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT} SAYS "trying file://${WORK}/debian/train-x"
                                                "trying file://${WORK}/mirror/train-x")
expect_objects(cache 4)
file(REMOVE_RECURSE ${WORK}/mirror)
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT} SAYS "test-y: present" NEVER trying)

# Debian's folder comes before the mirror.
file(REMOVE_RECURSE ${WORK}/cache)
toy_source(debian)
toy_source(mirror)
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT} SAYS "debian/test-y" NEVER mirror)
expect_objects(cache 4)

# A source with other contents, or with no gzip file at all, is passed over.
file(REMOVE_RECURSE ${WORK}/cache)
toy_source(debian "something else")
file(WRITE ${WORK}/debian/train-y.gz "not gzip")
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT}
           SAYS "train-x: expected SHA-256 ${TOY_HASH_train-x}, found [0-9a-f]+"
                "train-y: gzip cannot unpack it")
expect_objects(cache 4)

# Where every source is corrupt there is no object, and each is named with what it gave.
file(REMOVE_RECURSE ${WORK}/cache)
toy_source(mirror "something else again")
expect_run(FAILS RUN ${FETCH} ${SCRIPT}
           SAYS "no source has it.*debian/train-x.gz: expected SHA-256.*mirror/train-x.gz: expected")
expect_objects(cache 0)

# A few bytes that unpack to more than any file of the dataset has are unpacked no further.
execute_process(COMMAND head -c 20000000 /dev/zero OUTPUT_FILE ${WORK}/many COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND gzip -c ${WORK}/many OUTPUT_FILE ${WORK}/mirror/train-x.gz COMMAND_ERROR_IS_FATAL ANY)
expect_run(FAILS RUN ${FETCH} ${SCRIPT}
           SAYS "mirror/train-x.gz: expected at most 1048577 bytes unpacked, found more")
expect_objects(cache 0)

# What fetches left that were stopped goes once it is a day old; a younger one may still be going on.
set(object ${WORK}/cache/SHA256/${TOY_HASH_train-x})
toy_source(mirror)
toy_leftover(${object}.tmpabcdefgh "2 days ago")
toy_leftover(${object}.tmpabcdefgh.gz "2 days ago")
toy_leftover(${object}.tmpyounger.gz "1 hour ago")
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT} SAYS "train-x: fetched")
if(NOT EXISTS ${object}.tmpyounger.gz)
  message(FATAL_ERROR "${object}.tmpyounger.gz: expected it to stay")
endif()
file(REMOVE ${object}.tmpyounger.gz)
expect_objects(cache 4)
toy_leftover(${object}.tmpabcdefgh.gz "2 days ago")  # also where there is nothing to fetch
expect_run(SUCCEEDS RUN ${FETCH} ${SCRIPT} SAYS "train-x: present")
expect_objects(cache 4)
file(REMOVE_RECURSE ${WORK}/cache)

# Object stores come before any source, in their order, and are not written to.
toy_store(store)
expect_run(SUCCEEDS RUN ${FETCH} "-DSTORES=${WORK}/none;${WORK}/store" ${SCRIPT}
           SAYS "present, ${WORK}/store" NEVER trying)
expect_objects(cache 0)

# A damaged object in a store is refused, although a good mirror is there.
toy_source(mirror)
file(WRITE ${WORK}/store/SHA256/${TOY_HASH_test-x} "damaged")
file(SHA256 ${WORK}/store/SHA256/${TOY_HASH_test-x} found)
expect_run(FAILS RUN ${FETCH} -DSTORES=${WORK}/store ${SCRIPT}
           SAYS "toy/test-x: the stored object is damaged.*store/SHA256/${TOY_HASH_test-x}"
                "expected SHA-256 ${TOY_HASH_test-x}, found ${found}")

# What may not be passed on cannot be fetched: people are told what to do.
file(WRITE ${WORK}/manifests/kept/dataset.cmake
     "mapnet_dataset(kept FORMAT idx SHAPE 1 1 1 CLASSES a COUNTS 1 1 OBTAIN \"Ask its authors\")\n")
expect_run(FAILS RUN ${FETCH} -DDATASET=kept ${SCRIPT} SAYS "kept: cannot be fetched. Ask its authors")
file(REMOVE_RECURSE ${WORK}/manifests/kept)

# Nor can what has a hash and no source; what lies in a store is found all the same.
file(WRITE ${WORK}/manifests/stored/train-x.sha256 "${TOY_HASH_train-x}\n")
file(WRITE ${WORK}/manifests/stored/dataset.cmake
     "mapnet_dataset(stored FORMAT idx SHAPE 1 1 1 CLASSES a COUNTS 1 1 FILES train-x OBTAIN \"Ask around\")\n")
expect_run(FAILS RUN ${FETCH} -DDATASET=stored ${SCRIPT} SAYS "stored: cannot be fetched. Ask around")
expect_run(SUCCEEDS RUN ${FETCH} -DDATASET=stored -DSTORES=${WORK}/store ${SCRIPT} SAYS "train-x: present")
file(REMOVE_RECURSE ${WORK}/manifests/stored)

expect_run(FAILS RUN ${FETCH} -DDATASET=tyo ${SCRIPT} SAYS "tyo: no such dataset .* known: toy")

file(WRITE ${WORK}/manifests/toy/test-y.sha256 "0123\n")
expect_run(FAILS RUN ${FETCH} ${SCRIPT} SAYS "test-y.sha256: expected 64 .* found '0123'")
