# cmake -DDATASET=<name> -DFOLDER=<folder> -DMANIFESTS=<folder> -P CheckDataset.cmake
#
# Hashes every file of a dataset in FOLDER. ExternalData does not: it believes an object store.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/Datasets.cmake)

mapnet_load_datasets(${MANIFESTS})
foreach(name IN LISTS DATASET_${DATASET}_FILES)
  mapnet_read_hash(hash ${MANIFESTS}/${DATASET}/${name})
  mapnet_require_object(${FOLDER}/${name} ${hash} ${DATASET}/${name})

  # CMake 3.25's ExternalData leaves its temporary name as a second hard link to what it fetched.
  file(REAL_PATH ${FOLDER}/${name} object)
  cmake_path(GET object PARENT_PATH store)
  execute_process(COMMAND find ${store} -name ${hash}.tmp* -samefile ${object} -delete
                  OUTPUT_QUIET ERROR_QUIET)
endforeach()
message(STATUS "${DATASET}: every file's SHA-256 is as listed")
