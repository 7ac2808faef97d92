# Reads data_manifests/. The build and, in script mode, the fetch scripts see the datasets through
# this file alone.
include_guard()
cmake_policy(VERSION 3.25)

# mapnet_dataset(NAME FORMAT format SHAPE c h w CLASSES ... COUNTS train test [IGNORE label]
#                [FILES file...] [DEBIAN_PACKAGE name] [SOURCES url...] [OBTAIN text]): one dataset,
# called by its dataset.cmake. FORMAT is a DataFormat of src/data/manifest.hpp. FILES lie in object
# stores, each with its hash in a content link <file>.sha256; SOURCES are folders of <file>.gz, tried
# in order; without any, FILES are found in stores alone. What has no FILES is only read from a folder
# of the user's. OBTAIN says where people get what cannot be fetched, and what to put where. Sets
# DATASET_<NAME>_<KEYWORD> and appends NAME to MAPNET_DATASETS.
macro(mapnet_dataset name)
  cmake_parse_arguments(DATASET_${name} "" "FORMAT;IGNORE;DEBIAN_PACKAGE;OBTAIN"
                        "SHAPE;CLASSES;COUNTS;FILES;SOURCES" ${ARGN})
  list(APPEND MAPNET_DATASETS ${name})
endmacro()

# mapnet_load_datasets(FOLDER): reads every FOLDER/<name>/dataset.cmake.
macro(mapnet_load_datasets folder)
  set(MAPNET_DATASETS "")
  file(GLOB _mapnet_dataset_files ${folder}/*/dataset.cmake)
  if(NOT _mapnet_dataset_files)
    message(FATAL_ERROR "${folder}: expected <name>/dataset.cmake files, found none")
  endif()
  foreach(_mapnet_dataset_file IN LISTS _mapnet_dataset_files)
    include(${_mapnet_dataset_file})
  endforeach()
endmacro()

# mapnet_read_hash(OUT FILE): the hash in the content link FILE.sha256.
function(mapnet_read_hash out file)
  file(READ ${file}.sha256 hash)
  string(STRIP "${hash}" hash)
  string(LENGTH "${hash}" length)
  if(NOT hash MATCHES "^[0-9a-f]+$" OR NOT length EQUAL 64)
    message(FATAL_ERROR "${file}.sha256: expected 64 lower-case hex digits, found '${hash}'")
  endif()
  set(${out} ${hash} PARENT_SCOPE)
endfunction()

# mapnet_compare_hash(OUT FILE EXPECTED): empty when FILE's SHA-256 is EXPECTED, else what is wrong.
function(mapnet_compare_hash out file expected)
  file(SHA256 ${file} found)
  set(${out} "" PARENT_SCOPE)
  if(NOT found STREQUAL expected)
    set(${out} "expected SHA-256 ${expected}, found ${found}" PARENT_SCOPE)
  endif()
endfunction()

# mapnet_require_object(OBJECT EXPECTED WHAT): stops unless the stored OBJECT is intact. A store is
# named by hash but anyone may have written to it, so its name is not believed.
function(mapnet_require_object object expected what)
  file(REAL_PATH ${object} real)
  mapnet_compare_hash(problem ${real} ${expected})
  if(problem)
    message(FATAL_ERROR "${what}: the stored object is damaged.\n  ${real}\n  ${problem}\n"
                        "Delete that file and fetch again, or take its folder out of the object "
                        "stores (MAPNET_OBJECT_STORES).")
  endif()
endfunction()

# mapnet_most_bytes(OUT DATASET): what no file of it exceeds: a byte a value of a split's samples, and a MiB for whatever
# else is in it.
function(mapnet_most_bytes out dataset)
  set(most 0)
  foreach(count IN LISTS DATASET_${dataset}_COUNTS)
    foreach(size IN LISTS DATASET_${dataset}_SHAPE)
      math(EXPR count "${count} * ${size}")
    endforeach()
    if(count GREATER most)
      set(most ${count})
    endif()
  endforeach()
  math(EXPR most "${most} + 1048576")
  set(${out} ${most} PARENT_SCOPE)
endfunction()

# mapnet_remove_unfinished(OBJECT): what fetches of it left beside it that somebody stopped, a day ago or longer: a
# younger file may be one that another run is fetching into.
function(mapnet_remove_unfinished object)
  file(GLOB found ${object}.tmp*)
  string(TIMESTAMP now "%s" UTC)
  foreach(file IN LISTS found)
    file(TIMESTAMP ${file} written "%s" UTC)
    if(NOT written STREQUAL "")
      math(EXPR age "${now} - ${written}")
      if(age GREATER 86400)
        file(REMOVE ${file})
      endif()
    endif()
  endforeach()
endfunction()
