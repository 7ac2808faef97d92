# cmake -DDATASET=<name> -DCACHE=<folder> [-DSTORES=<folder;...>] [-DMANIFESTS=<folder>] -P FetchDataset.cmake
#
# Sees that every file of a dataset lies intact in an object store: STORES are looked through first,
# then CACHE; what neither has is fetched into CACHE. `mapnet data fetch` runs this. The sources
# are FetchObject.cmake's, the same the build's data targets use.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/Datasets.cmake)

if(NOT MANIFESTS)
  file(REAL_PATH ${CMAKE_CURRENT_LIST_DIR}/../data_manifests MANIFESTS)
endif()
if(NOT DATASET OR NOT CACHE)
  message(FATAL_ERROR "expected -DDATASET=<name> and -DCACHE=<folder>")
endif()
mapnet_load_datasets(${MANIFESTS})
if(NOT DATASET IN_LIST MAPNET_DATASETS)
  message(FATAL_ERROR "${DATASET}: no such dataset in ${MANIFESTS}; known: ${MAPNET_DATASETS}")
endif()

if(NOT DATASET_${DATASET}_FILES)
  message(FATAL_ERROR "${DATASET}: cannot be fetched. ${DATASET_${DATASET}_OBTAIN}")
endif()

foreach(name IN LISTS DATASET_${DATASET}_FILES)
  mapnet_read_hash(hash ${MANIFESTS}/${DATASET}/${name})
  set(object "")
  foreach(store IN LISTS STORES ITEMS ${CACHE})
    if(EXISTS ${store}/SHA256/${hash})
      set(object ${store}/SHA256/${hash})
      break()
    endif()
  endforeach()
  if(object)
    mapnet_require_object(${object} ${hash} ${DATASET}/${name})
    message(STATUS "${DATASET}/${name}: present, ${object}")
    continue()
  endif()

  # A name of our own until the file is whole: another run may be fetching the same object.
  set(object ${CACHE}/SHA256/${hash})
  string(RANDOM LENGTH 8 suffix)
  set(ExternalData_CUSTOM_LOCATION ${MANIFESTS}/SHA256/${hash})
  set(ExternalData_CUSTOM_FILE ${object}.tmp${suffix})
  unset(ExternalData_CUSTOM_ERROR)
  file(MAKE_DIRECTORY ${CACHE}/SHA256)
  include(${CMAKE_CURRENT_LIST_DIR}/FetchObject.cmake)
  if(ExternalData_CUSTOM_ERROR)
    message(FATAL_ERROR "${ExternalData_CUSTOM_ERROR}")
  endif()
  file(RENAME ${ExternalData_CUSTOM_FILE} ${object})
  message(STATUS "${DATASET}/${name}: fetched, ${object}")
endforeach()
