# Writes OUT, a header with the commit that SOURCE is at, where that is not what OUT says. Run by every build: what
# was configured at one commit may be built at another, and results and kept runs are told apart by it.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE MAPNET_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT MAPNET_COMMIT)
  set(MAPNET_COMMIT unknown)
endif()
configure_file(${SOURCE}/src/train/commit.hpp.in ${OUT} @ONLY)
