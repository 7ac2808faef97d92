# cmake -DPROGRAM=<bench_map_limits> -DDEVICE=<cpu|cuda> -P map_limits_test.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(
  COMMAND ${PROGRAM} --device ${DEVICE} --json --log2-parameters 12 --max-points 2048 --dense-parameters 300
          --dense-latents 40 --samples 1 --sample-seconds 0
  OUTPUT_VARIABLE json RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${PROGRAM} ended with ${failed}")
endif()

# A wrong call, as of every other program here.
execute_process(COMMAND ${PROGRAM} --no-such-flag RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
if(NOT code EQUAL 2)
  message(FATAL_ERROR "an unknown flag: expected exit code 2, found ${code}")
endif()

# Both dense maps; 1024 points plain and modulated; 2048 points.
string(JSON cases LENGTH "${json}" cases)
if(NOT cases EQUAL 5)
  message(FATAL_ERROR "expected 5 cases, found ${cases}")
endif()
string(JSON copy GET "${json}" peak_copy_gb_per_s)
foreach(case RANGE 4)
  foreach(pass RANGE 1)
    foreach(key seconds bytes gb_per_s copy_times)
      string(JSON value GET "${json}" cases ${case} passes ${pass} ${key})
      if(NOT value GREATER 0)
        message(FATAL_ERROR "case ${case}, pass ${pass}: ${key} is ${value}")
      endif()
    endforeach()
  endforeach()
endforeach()

# theta written and z read, no more: 4 bytes each.
string(JSON bytes GET "${json}" cases 4 passes 0 bytes)
math(EXPR expected "4 * (4096 + 2048)")
if(NOT bytes EQUAL expected)
  message(FATAL_ERROR "a forward pass of 4096 parameters from 2048 latents moves ${bytes} bytes, not ${expected}")
endif()
