# The commit a build came from goes into every result it writes.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE MAPNET_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT MAPNET_COMMIT)
  set(MAPNET_COMMIT unknown)
endif()
