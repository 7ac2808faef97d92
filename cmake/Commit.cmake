# Writes OUT, a header with the commit that SOURCE is at, where that is not what OUT says. Run by every build: what
# was configured at one commit may be built at another, and results and kept runs are told apart by it. "-dirty" stands
# behind it where the program is made of changes that are not in it. Reports, documents and what the harness reads when
# it runs are no part of the program: a reproduction, which writes reports, would make the next one train all anew.
set(git git --no-optional-locks -C ${SOURCE})
set(no_part reports docs *.md ci harness/tables harness/study harness/sweeps)
list(TRANSFORM no_part PREPEND ":(exclude)")
# The repository around a tree that was unpacked somewhere may be another project's, which knows nothing of its files.
execute_process(COMMAND ${git} ls-files --error-unmatch src/train/commit.hpp.in
                RESULT_VARIABLE foreign OUTPUT_QUIET ERROR_QUIET)
if(foreign EQUAL 0)
  execute_process(COMMAND ${git} describe --always --abbrev=12
                  OUTPUT_VARIABLE MAPNET_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
execute_process(COMMAND ${git} diff --quiet HEAD -- . ${no_part} RESULT_VARIABLE changed OUTPUT_QUIET ERROR_QUIET)
# A source that was never added is as much part of the program, whatever the commit says.
execute_process(COMMAND ${git} ls-files --others --exclude-standard -- src harness cmake ${no_part}
                OUTPUT_VARIABLE untracked ERROR_QUIET)
if(NOT MAPNET_COMMIT)
  set(MAPNET_COMMIT unknown)
elseif(changed EQUAL 1 OR untracked)
  string(APPEND MAPNET_COMMIT -dirty)
endif()
configure_file(${SOURCE}/src/train/commit.hpp.in ${OUT} @ONLY)
