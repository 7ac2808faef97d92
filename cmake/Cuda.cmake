# The CUDA toolkit, for -DMAPNET_CUDA=ON (the `cuda` preset).
include(CheckLanguage)
# That there was none the last time is no reason not to look again: it may have been installed since.
if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "MAPNET_CUDA is ON, but there is no CUDA compiler. Install the CUDA toolkit (12.8 "
                      "or later, https://developer.nvidia.com/cuda-downloads) and put nvcc on the PATH, or "
                      "configure another preset.")
endif()
# From Turing (T4, T1000) to Blackwell, whatever is in the machine that builds; the last as PTX too.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
endif()
enable_language(CUDA)
# CMake 3.25 does not know that nvcc has C++20.
set(CMAKE_CUDA_STANDARD 20)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
find_package(CUDAToolkit REQUIRED)
find_package(CUDNN 9.8 REQUIRED)
# As on the CPU: no contraction, IEEE division and square root (nvcc's defaults), so the same bits.
target_compile_options(mapnet_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false --expt-relaxed-constexpr -Werror=all-warnings>)
