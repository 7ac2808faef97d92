# A toy dataset in WORK, started afresh: manifests/toy, whose sources are the folders debian/ and
# mirror/ (both empty), and raw/, the files as they should come out.
file(REMOVE_RECURSE ${WORK})
set(TOY_FILES train-x train-y test-x test-y)
foreach(name IN LISTS TOY_FILES)
  file(WRITE ${WORK}/raw/${name} "contents of ${name}\n")
  file(SHA256 ${WORK}/raw/${name} TOY_HASH_${name})
  file(WRITE ${WORK}/manifests/toy/${name}.sha256 "${TOY_HASH_${name}}\n")
endforeach()
file(WRITE ${WORK}/manifests/toy/dataset.cmake "mapnet_dataset(toy FORMAT idx SHAPE 1 1 1 CLASSES a b
  COUNTS 1 1 FILES ${TOY_FILES} DEBIAN_PACKAGE dataset-toy
  SOURCES file://${WORK}/debian file://${WORK}/mirror)\n")

# toy_source(FOLDER [CONTENTS]): fills a source with .gz files, of CONTENTS instead where given.
function(toy_source folder)
  file(MAKE_DIRECTORY ${WORK}/${folder})
  foreach(name IN LISTS TOY_FILES)
    set(file ${WORK}/raw/${name})
    if(ARGC GREATER 1)
      set(file ${WORK}/wrong)
      file(WRITE ${file} "${ARGV1}")
    endif()
    execute_process(COMMAND gzip -c ${file} OUTPUT_FILE ${WORK}/${folder}/${name}.gz
                    COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endfunction()

# toy_store(FOLDER): an object store that holds the toy.
function(toy_store folder)
  foreach(name IN LISTS TOY_FILES)
    configure_file(${WORK}/raw/${name} ${WORK}/${folder}/SHA256/${TOY_HASH_${name}} COPYONLY)
  endforeach()
endfunction()

# expect_objects(FOLDER COUNT): that many files in a store, each intact, and nothing half-written.
function(expect_objects folder count)
  file(GLOB found RELATIVE ${WORK}/${folder}/SHA256 ${WORK}/${folder}/SHA256/*)
  list(LENGTH found n)
  if(NOT n EQUAL count)
    message(FATAL_ERROR "${folder}: expected ${count} objects, found ${n}: ${found}")
  endif()
  foreach(name IN LISTS found)
    file(SHA256 ${WORK}/${folder}/SHA256/${name} hash)
    if(NOT hash STREQUAL name)
      message(FATAL_ERROR "${folder}/SHA256/${name}: its SHA-256 is ${hash}")
    endif()
  endforeach()
endfunction()

# expect_run(SUCCEEDS|FAILS [SAYS regex...] [NEVER regex...] RUN command...): what it said is matched
# with its white space folded, since CMake wraps long lines.
function(expect_run outcome)
  cmake_parse_arguments(PARSE_ARGV 1 EXPECT "" "" "SAYS;NEVER;RUN")
  execute_process(COMMAND ${EXPECT_RUN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if((outcome STREQUAL SUCCEEDS AND status) OR (outcome STREQUAL FAILS AND NOT status))
    message(FATAL_ERROR "expected: ${outcome}, found status ${status}: ${output}")
  endif()
  foreach(regex IN LISTS EXPECT_SAYS)
    if(NOT output MATCHES "${regex}")
      message(FATAL_ERROR "expected '${regex}' in: ${output}")
    endif()
  endforeach()
  foreach(regex IN LISTS EXPECT_NEVER)
    if(output MATCHES "${regex}")
      message(FATAL_ERROR "did not expect '${regex}' in: ${output}")
    endif()
  endforeach()
endfunction()

# toy_leftover(FILE AGE): what a fetch that was stopped left behind, as long ago as AGE says.
function(toy_leftover file age)
  file(WRITE ${file} "half of it")
  execute_process(COMMAND touch -d "${age}" ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
