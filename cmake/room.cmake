# sotto_compact(FILE...): in WASM these sources of the calling folder are compiled for size. For what
# runs once a message or an event; never for a file that computes with Eigen (options.cmake).
# Emscripten adds -fno-inline-functions to -Oz, which makes a call of every std::move.
function(sotto_compact)
  if(EMSCRIPTEN)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -Oz -finline-functions)
  endif()
endfunction()

# sotto_room(NAME SOURCES a.cpp ... [DEPENDS room ...] [PRIVATE target ...] [PUBLIC target ...]
#            [EXCEPTIONS])
#
# One room of the core: a static library sotto::NAME whose headers are included as
# "NAME/header.hpp". A room sees only the headers of the rooms it names in DEPENDS, because every
# room has an include directory of its own (a link in the build tree), so a dependency that is not
# declared does not compile. tests/rooms checks that no room declares one that is not in
# docs/rooms.md. EXCEPTIONS: for rooms of the aggregator, whose libraries throw.
function(sotto_room name)
  cmake_parse_arguments(ROOM "EXCEPTIONS" "" "SOURCES;DEPENDS;PRIVATE;PUBLIC" ${ARGN})
  set(include_root "${CMAKE_BINARY_DIR}/rooms/${name}")
  file(MAKE_DIRECTORY "${include_root}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${include_root}/${name}" SYMBOLIC)

  add_library(sotto_${name} STATIC ${ROOM_SOURCES})
  add_library(sotto::${name} ALIAS sotto_${name})
  target_include_directories(sotto_${name} PUBLIC "${include_root}")
  list(TRANSFORM ROOM_DEPENDS PREPEND "sotto::")
  target_link_libraries(sotto_${name}
    PUBLIC sotto::platform ${ROOM_DEPENDS} ${ROOM_PUBLIC}
    PRIVATE sotto::warnings ${ROOM_PRIVATE})
  if(ROOM_EXCEPTIONS)
    return()
  endif()
  # Nor run-time type information where it is downloaded: every vtable and lambda would bring its name.
  target_compile_options(sotto_${name} PRIVATE -fno-exceptions $<$<BOOL:${EMSCRIPTEN}>:-fno-rtti>)
endfunction()
