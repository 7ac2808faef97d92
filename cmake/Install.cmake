# `cmake --install`: the program, the library with its headers and CMake package, what `mapnet data fetch` runs, and
# the documents. Then Package, for cpack.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/mapnet)

# The rooms that make up the library; a program links mapnet::mapnet.
set(rooms common algebra memory device nets mapping data train)
add_library(mapnet_library INTERFACE)
set_target_properties(mapnet_library PROPERTIES EXPORT_NAME mapnet)
target_link_libraries(mapnet_library INTERFACE mapnet_train)
target_compile_features(mapnet_library INTERFACE cxx_std_20)
foreach(room IN LISTS rooms)
  set_target_properties(mapnet_${room} PROPERTIES EXPORT_NAME ${room})
  # Headers name each other as in the source tree: "train/session.hpp".
  target_include_directories(mapnet_${room} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/mapnet>)
endforeach()
list(TRANSFORM rooms PREPEND mapnet_ OUTPUT_VARIABLE targets)
# CUDA and cuDNN may lie where the loader does not look: in a toolkit's folder, in pip's. (`make package` is of the
# release build, whose libraries are Debian's.)
if(MAPNET_CUDA)
  set_target_properties(mapnet PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endif()
install(TARGETS mapnet COMPONENT program)
install(TARGETS ${targets} mapnet_library EXPORT mapnetTargets ARCHIVE COMPONENT library)
install(EXPORT mapnetTargets NAMESPACE mapnet:: DESTINATION ${package_folder} COMPONENT library)

install(FILES src/mapnet.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mapnet COMPONENT library)
foreach(room IN LISTS rooms)
  install(DIRECTORY src/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mapnet COMPONENT library
          FILES_MATCHING PATTERN "*.hpp" PATTERN device/cpu EXCLUDE PATTERN device/cuda EXCLUDE
          PATTERN stb_image.hpp EXCLUDE)
endforeach()

include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/mapnetConfig.cmake.in ${PROJECT_BINARY_DIR}/mapnetConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mapnetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mapnetConfig.cmake ${PROJECT_BINARY_DIR}/mapnetConfigVersion.cmake
              cmake/FindLapacke.cmake cmake/FindRandom123.cmake cmake/FindCUDNN.cmake
        DESTINATION ${package_folder} COMPONENT library)

# The scripts find the manifests beside them, as here.
install(FILES cmake/Datasets.cmake cmake/FetchDataset.cmake cmake/FetchObject.cmake
        DESTINATION ${CMAKE_INSTALL_DATADIR}/mapnet/cmake COMPONENT program)
install(DIRECTORY data_manifests DESTINATION ${CMAKE_INSTALL_DATADIR}/mapnet COMPONENT program
        PATTERN CMakeLists.txt EXCLUDE)
# An exported C header needs int8_network.c.
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/mapnet COMPONENT program
        PATTERN __pycache__ EXCLUDE)
install(DIRECTORY harness/tables harness/study DESTINATION ${CMAKE_INSTALL_DATADIR}/mapnet COMPONENT program)
install(FILES README.md SECURITY.md docs/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program FILES_MATCHING PATTERN "*.md")
install(FILES docs/mapnet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)

include(Package)
