# cuDNN 9 as CUDNN::cudnn, from wherever it was put: CUDNN_ROOT (variable or environment), the CUDA toolkit's own
# folders (NVIDIA's archive unpacked there), Debian's and Ubuntu's packages, or pip's nvidia-cudnn-cu12 / -cu13 wheel.
set(pip_homes "$ENV{VIRTUAL_ENV}" "$ENV{CONDA_PREFIX}" "$ENV{HOME}/.local" /usr/local /usr)
set(cudnn_wheels)
foreach(home IN LISTS pip_homes)
  if(home)
    file(GLOB found "${home}/lib/python3*/*-packages/nvidia/cudnn")
    list(APPEND cudnn_wheels ${found})
  endif()
endforeach()
set(cudnn_hints ${CUDNN_ROOT} $ENV{CUDNN_ROOT} ${CUDAToolkit_LIBRARY_ROOT} ${CUDAToolkit_TARGET_DIR} ${cudnn_wheels})

find_path(CUDNN_INCLUDE_DIR cudnn_version.h
  HINTS ${cudnn_hints} ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
# A wheel holds libcudnn.so.9 alone, without the link that the other packages have.
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9
  HINTS ${cudnn_hints} ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib lib64 lib/x86_64-linux-gnu)

if(CUDNN_INCLUDE_DIR)
  file(READ "${CUDNN_INCLUDE_DIR}/cudnn_version.h" header)
  foreach(part MAJOR MINOR PATCHLEVEL)
    string(REGEX MATCH "define CUDNN_${part} +([0-9]+)" _ "${header}")
    set(CUDNN_${part} "${CMAKE_MATCH_1}")
  endforeach()
  set(CUDNN_VERSION "${CUDNN_MAJOR}.${CUDNN_MINOR}.${CUDNN_PATCHLEVEL}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CUDNN REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR VERSION_VAR CUDNN_VERSION
  REASON_FAILURE_MESSAGE "
  cuDNN 9 is needed for -DMAPNET_CUDA=ON. Get it in one of these ways, then configure again:
    pip install --user nvidia-cudnn-cu12  (or -cu13, as your toolkit)
    apt-get install cudnn9-cuda-12        (from NVIDIA's repository)
    unpack NVIDIA's archive and pass -DCUDNN_ROOT=/where/it/is")

if(CUDNN_FOUND AND NOT TARGET CUDNN::cudnn)
  add_library(CUDNN::cudnn SHARED IMPORTED)
  set_target_properties(CUDNN::cudnn PROPERTIES
    IMPORTED_LOCATION "${CUDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CUDNN_INCLUDE_DIR}")
endif()
