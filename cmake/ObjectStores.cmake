# Where objects lie: folders that hold a file with SHA-256 <hash> as SHA256/<hash>.
set(MAPNET_OBJECT_STORES "$ENV{MAPNET_OBJECT_STORES}" CACHE STRING
    "Folders of data objects, absolute, ':' or ';' between them; read, never written")

# mapnet_object_stores(CACHE_OUT STORES_OUT): the one writable folder, and those only read: the
# user's MAPNET_OBJECT_STORES and ExternalData_OBJECT_STORES.
function(mapnet_object_stores cache_out stores_out)
  if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache $ENV{XDG_CACHE_HOME}/mapnet/objects)
  elseif(NOT "$ENV{HOME}" STREQUAL "")
    set(cache $ENV{HOME}/.cache/mapnet/objects)
  else()
    message(FATAL_ERROR "Set HOME or XDG_CACHE_HOME: fetched data goes into a cache below it")
  endif()
  string(REPLACE ":" ";" stores "${MAPNET_OBJECT_STORES};${ExternalData_OBJECT_STORES}")
  list(REMOVE_ITEM stores "")
  list(REMOVE_DUPLICATES stores)
  foreach(store IN LISTS stores)
    if(NOT IS_ABSOLUTE "${store}")
      message(FATAL_ERROR "Object stores: expected absolute folders, found '${store}'")
    endif()
  endforeach()
  set(${cache_out} ${cache} PARENT_SCOPE)
  set(${stores_out} ${stores} PARENT_SCOPE)
endfunction()
