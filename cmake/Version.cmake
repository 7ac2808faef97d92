# The commit a build came from goes into every result it writes; what it was built with, into --version.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE MAPNET_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT MAPNET_COMMIT)
  set(MAPNET_COMMIT unknown)
endif()

string(REPLACE "GNU" "GCC" compiler ${CMAKE_CXX_COMPILER_ID})
set(MAPNET_COMPILERS "${compiler} ${CMAKE_CXX_COMPILER_VERSION}")
if(MAPNET_CUDA STREQUAL EMULATED)
  set(MAPNET_CUDA_LIBRARIES "emulated, for tests")
elseif(MAPNET_CUDA)
  string(APPEND MAPNET_COMPILERS "; nvcc ${CMAKE_CUDA_COMPILER_VERSION}")
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
  set(MAPNET_CUDA_LIBRARIES "toolkit ${CUDAToolkit_VERSION}, cuDNN ${CUDNN_VERSION}, for ${architectures}")
else()
  set(MAPNET_CUDA_LIBRARIES "not built")
endif()
