# CBLAS and LAPACKE as Lapacke::Lapacke: OpenBLAS and the library beside it, as Debian has them.
find_path(CBLAS_INCLUDE_DIR cblas.h)
find_path(LAPACKE_INCLUDE_DIR lapacke.h)
find_library(OPENBLAS_LIBRARY openblas)
find_library(LAPACKE_LIBRARY lapacke)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Lapacke
  REQUIRED_VARS LAPACKE_LIBRARY OPENBLAS_LIBRARY LAPACKE_INCLUDE_DIR CBLAS_INCLUDE_DIR)

if(Lapacke_FOUND AND NOT TARGET Lapacke::Lapacke)
  add_library(Lapacke::Lapacke INTERFACE IMPORTED)
  set_target_properties(Lapacke::Lapacke PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${CBLAS_INCLUDE_DIR};${LAPACKE_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${LAPACKE_LIBRARY};${OPENBLAS_LIBRARY}")
endif()
