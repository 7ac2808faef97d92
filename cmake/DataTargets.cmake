# One target a dataset, through CMake's ExternalData: object stores first, then FetchObject.cmake.
include(ExternalData)
include(${CMAKE_CURRENT_LIST_DIR}/Datasets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ObjectStores.cmake)

# mapnet_data_targets(MANIFESTS): `data-<name>` for each dataset in that folder that has files in
# object stores, and `data` for all that can be fetched; none is part of ALL. The files are linked in the current build folder, <name>/<file>.
function(mapnet_data_targets manifests)
  set(scripts ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  mapnet_object_stores(cache stores)
  set(ExternalData_OBJECT_STORES ${cache} ${stores})  # what is fetched lands in the first
  set(ExternalData_SOURCE_ROOT ${manifests})
  set(ExternalData_BINARY_ROOT ${CMAKE_CURRENT_BINARY_DIR})
  set(ExternalData_URL_TEMPLATES "ExternalDataCustomScript://mapnet/${manifests}/%(algo)/%(hash)")
  set(ExternalData_CUSTOM_SCRIPT_mapnet ${scripts}/FetchObject.cmake)

  mapnet_load_datasets(${manifests})
  add_custom_target(data)
  foreach(dataset IN LISTS MAPNET_DATASETS)
    if(NOT DATASET_${dataset}_FILES)
      continue()
    endif()
    set(target data-${dataset})
    foreach(name IN LISTS DATASET_${dataset}_FILES)
      ExternalData_Expand_Arguments(${target} ignored DATA{${manifests}/${dataset}/${name}})
    endforeach()
    ExternalData_Add_Target(${target} SHOW_PROGRESS OFF)
    set_property(TARGET ${target} PROPERTY EXCLUDE_FROM_ALL TRUE)  # a build needs no network
    # After every build of the target, also when nothing was fetched.
    add_custom_command(TARGET ${target} POST_BUILD VERBATIM
      COMMAND ${CMAKE_COMMAND} -DDATASET=${dataset} -DMANIFESTS=${manifests}
              -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/${dataset} -P ${scripts}/CheckDataset.cmake)
    if(DATASET_${dataset}_SOURCES)
      add_dependencies(data ${target})
    endif()
  endforeach()
endfunction()
