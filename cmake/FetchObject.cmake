# ExternalData custom script: brings one object from the first source that has it intact.
#   ExternalData_CUSTOM_LOCATION  <folder of manifests>/SHA256/<hash>
#   ExternalData_CUSTOM_FILE      where the unpacked file goes
#   ExternalData_CUSTOM_ERROR     set when no source has it: a line a source, with the reason
include(${CMAKE_CURRENT_LIST_DIR}/Datasets.cmake)
cmake_policy(VERSION 3.25)

# Unpacks PACKED into FILE, of which MOST bytes are believed; OUT as below. Nobody has vouched for PACKED yet, and a
# few of its bytes may stand for many.
function(mapnet_unpack out packed file most)
  math(EXPR one_more "${most} + 1")
  execute_process(COMMAND gzip -dc ${packed} COMMAND head -c ${one_more} OUTPUT_FILE ${file} RESULTS_VARIABLE results
                  ERROR_VARIABLE problem ERROR_STRIP_TRAILING_WHITESPACE)
  set(size 0)
  if(EXISTS ${file})  # not where gzip is missing
    file(SIZE ${file} size)
  endif()
  list(GET results 0 failed)
  if(size GREATER most)  # gzip was stopped by then
    set(problem "expected at most ${most} bytes unpacked, found more")
  elseif(failed)
    set(problem "gzip cannot unpack it (${failed}): ${problem}")
  else()
    set(problem "")
  endif()
  set(${out} "${problem}" PARENT_SCOPE)
endfunction()

# Fetches URL into FILE and unpacks it, to MOST bytes; OUT is empty on success, else what went wrong.
function(mapnet_fetch_url out url hash file most)
  # The first limit ends a stalled transfer; the second, of all of it, an address that never answers. In an hour the
  # largest file comes over 60 kbit/s.
  file(DOWNLOAD ${url} ${file}.gz STATUS status INACTIVITY_TIMEOUT 30 TIMEOUT 3600)
  list(POP_FRONT status failed problem)
  if(NOT failed)
    mapnet_unpack(problem ${file}.gz ${file} ${most})
    if(NOT problem)
      mapnet_compare_hash(problem ${file} ${hash})
    endif()
  endif()
  file(REMOVE ${file}.gz)
  if(failed OR problem)
    file(REMOVE ${file})
    set(${out} "${problem}" PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# Tries the sources of the dataset in MANIFESTS that lists HASH; OUT as above.
function(mapnet_fetch_object out manifests hash file)
  mapnet_load_datasets(${manifests})
  set(report "")
  foreach(dataset IN LISTS MAPNET_DATASETS)
    foreach(name IN LISTS DATASET_${dataset}_FILES)
      mapnet_read_hash(listed ${manifests}/${dataset}/${name})
      if(NOT listed STREQUAL hash)
        continue()
      endif()
      mapnet_most_bytes(most ${dataset})
      foreach(source IN LISTS DATASET_${dataset}_SOURCES)
        message(STATUS "${dataset}/${name}: trying ${source}/${name}.gz")
        mapnet_fetch_url(problem ${source}/${name}.gz ${hash} ${file} ${most})
        if(NOT problem)
          set(${out} "" PARENT_SCOPE)
          return()
        endif()
        message(STATUS "${dataset}/${name}: ${problem}")
        string(APPEND report "\n  ${source}/${name}.gz: ${problem}")
      endforeach()
      if(DATASET_${dataset}_DEBIAN_PACKAGE)
        string(APPEND report "\n  (on Debian, without a network later: apt-get install "
                             "${DATASET_${dataset}_DEBIAN_PACKAGE})")
      endif()
      if(DATASET_${dataset}_OBTAIN)
        string(APPEND report "\n  ${DATASET_${dataset}_OBTAIN}")
      endif()
      set(${out} "${dataset}/${name}: no source has it.${report}" PARENT_SCOPE)
      return()
    endforeach()
  endforeach()
  set(${out} "${manifests}: no dataset lists a file with SHA-256 ${hash}" PARENT_SCOPE)
endfunction()

# Whoever fetches calls its file <object>.tmp<random>.
string(REGEX REPLACE "\\.tmp[^/]*$" "" _mapnet_object ${ExternalData_CUSTOM_FILE})
mapnet_remove_unfinished(${_mapnet_object})

if(NOT ExternalData_CUSTOM_LOCATION MATCHES "^(.+)/SHA256/([0-9a-f]+)$")
  set(ExternalData_CUSTOM_ERROR
      "expected <manifests>/SHA256/<hash>, found '${ExternalData_CUSTOM_LOCATION}'")
  return()
endif()
mapnet_fetch_object(_mapnet_problem ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${ExternalData_CUSTOM_FILE})
if(_mapnet_problem)
  set(ExternalData_CUSTOM_ERROR "${_mapnet_problem}")
endif()
