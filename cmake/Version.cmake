# The version and what a build was made with, for --version and every result; the commit, which another build of the
# same configuration may have changed, is looked up by each (Commit.cmake).
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
