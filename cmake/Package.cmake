# `cpack` in a build folder: mapnet_VERSION_ARCH.deb, the program with what it needs, and libmapnet-dev, the static
# library with headers and CMake package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mapnet)
set(CPACK_PACKAGE_VENDOR "the mapnet authors")
set(CPACK_PACKAGE_CONTACT "the mapnet authors <mapnet@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program library)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME mapnet)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "cmake, gzip, ca-certificates")  # mapnet data fetch
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS dataset-fashion-mnist)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "mapnet trains Mapping Networks: a latent vector and a fixed map instead of a network's weights.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmapnet-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS
    "libfmt-dev, nlohmann-json3-dev, libssl-dev, zlib1g-dev, librandom123-dev")
if(MAPNET_CPU)
  string(APPEND CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS
         ", libdnnl-dev, ocl-icd-opencl-dev, libopenblas-dev, liblapacke-dev")
endif()
if(MAPNET_WITH_MPI)
  string(APPEND CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS ", libopenmpi-dev")
endif()
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "mapnet as a static C++20 library: headers and a CMake package.")
include(CPack)
