# cmake/Commit.cmake: which changes make a program another one than its commit's, and whose commit it is in a tree that
# is not its repository's, or only a part of it.
cmake_minimum_required(VERSION 3.25)
find_program(GIT git)
if(NOT GIT)
  message("skipped: no git here")
  return()
endif()

set(source ${WORK}/source)
set(ENV{GIT_CEILING_DIRECTORIES} ${WORK})  # the repository that the build may lie in is another one
file(REMOVE_RECURSE ${WORK})
set(no_part README.md bench/README.md docs/a.svg reports/a.json harness/tables/a.toml harness/study/a.toml
    harness/sweeps/a.jsonl)
foreach(file IN LISTS no_part ITEMS src/a.cpp)
  file(WRITE ${source}/${file} "as committed\n")
endforeach()
file(WRITE ${source}/src/train/commit.hpp.in "@MAPNET_COMMIT@\n")

# In `repository`.
function(git)
  execute_process(COMMAND ${GIT} -C ${repository} -c user.name=test -c user.email=test@test ${ARGN}
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET ERROR_QUIET)
endfunction()

# Of the tree `source`.
function(expect pattern)
  execute_process(COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DOUT=${WORK}/commit.hpp -P ${SCRIPTS}/Commit.cmake
                  COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/commit.hpp found)
  if(NOT found MATCHES "^${pattern}\n$")
    message(FATAL_ERROR "${source}: expected ${pattern}, found ${found}")
  endif()
endfunction()

set(commit "[0-9a-f]+")
set(repository ${source})
expect(unknown)
git(init --quiet)
expect(unknown)
git(add --all)
git(commit --quiet --message first)
expect(${commit})

# What a reproduction writes, documents and tables are no part of the program.
foreach(file IN LISTS no_part)
  file(WRITE ${source}/${file} "changed\n")
endforeach()
expect(${commit})
git(add --all)
expect(${commit})

foreach(file src/untracked.cpp harness/untracked.cpp)
  file(WRITE ${source}/${file} "never added\n")
  expect(${commit}-dirty)
  file(REMOVE ${source}/${file})
endforeach()
file(WRITE ${source}/harness/tables/untracked.toml "never added\n")
expect(${commit})
file(REMOVE ${source}/harness/tables/untracked.toml)

file(WRITE ${source}/src/a.cpp "changed\n")
expect(${commit}-dirty)
git(add --all)
expect(${commit}-dirty)
git(commit --quiet --message second)
expect(${commit})
file(REMOVE ${source}/src/a.cpp)
expect(${commit}-dirty)

# Unpacked within another project's: their commit says nothing of it, nor whether it was changed.
set(repository ${WORK}/outer)
set(source ${repository}/mapnet)
file(WRITE ${repository}/of-the-team "theirs\n")
git(init --quiet)
git(add --all)
git(commit --quiet --message theirs)
file(WRITE ${source}/src/train/commit.hpp.in "@MAPNET_COMMIT@\n")
file(WRITE ${source}/src/a.cpp "as unpacked\n")
expect(unknown)
file(WRITE ${repository}/.gitignore "mapnet/\n")
expect(unknown)

# A part of it, as a subtree is.
file(REMOVE ${repository}/.gitignore)
git(add --all)
git(commit --quiet --message ours)
expect(${commit})
file(WRITE ${source}/src/a.cpp "changed\n")
expect(${commit}-dirty)

# Another work tree of the same repository.
git(worktree add ${WORK}/another)
set(source ${WORK}/another/mapnet)
expect(${commit})
