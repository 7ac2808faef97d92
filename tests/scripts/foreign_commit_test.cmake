# cmake/Commit.cmake in a tree that is not its repository's, or only a part of it.
cmake_minimum_required(VERSION 3.25)
find_program(GIT git)
if(NOT GIT)
  message("skipped: no git here")
  return()
endif()

set(outer ${WORK}/outer)
set(ENV{GIT_CEILING_DIRECTORIES} ${WORK})  # the repository that the build may lie in is another one
file(REMOVE_RECURSE ${WORK})
file(WRITE ${outer}/of-the-team "theirs\n")

function(git)
  execute_process(COMMAND ${GIT} -C ${outer} -c user.name=test -c user.email=test@test ${ARGN}
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET ERROR_QUIET)
endfunction()

function(expect source pattern)
  execute_process(COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DOUT=${WORK}/commit.hpp -P ${SCRIPTS}/Commit.cmake
                  COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/commit.hpp found)
  if(NOT found MATCHES "^${pattern}\n$")
    message(FATAL_ERROR "${source}: expected ${pattern}, found ${found}")
  endif()
endfunction()

git(init --quiet)
git(add --all)
git(commit --quiet --message theirs)

# Unpacked in there: their commit says nothing of it, nor whether it was changed.
set(unpacked ${outer}/mapnet)
file(WRITE ${unpacked}/src/train/commit.hpp.in "@MAPNET_COMMIT@\n")
file(WRITE ${unpacked}/src/a.cpp "as unpacked\n")
expect(${unpacked} unknown)
file(WRITE ${outer}/.gitignore "mapnet/\n")
expect(${unpacked} unknown)

# A part of it, as a subtree is.
file(REMOVE ${outer}/.gitignore)
git(add --all)
git(commit --quiet --message ours)
expect(${unpacked} "[0-9a-f]+")
file(WRITE ${unpacked}/src/a.cpp "changed\n")
expect(${unpacked} "[0-9a-f]+-dirty")

# Another work tree of the same repository.
git(worktree add ${WORK}/another)
expect(${WORK}/another/mapnet "[0-9a-f]+")
