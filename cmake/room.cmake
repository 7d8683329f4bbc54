# waypost_room(NAME [USES room...] [PACKAGES package...])
#
# Makes the library waypost_<NAME>, alias waypost::<NAME>, of src/<NAME>/*.cpp; a room without any is an INTERFACE
# library. What it is called in cmake/packages.cmake is what PACKAGES takes.
#
# NAME may be that of a sub-room, as spool/sqlite: the library waypost_spool_sqlite of src/spool/sqlite/*.cpp. It has
# arrows and packages of its own and is a room like any other: neither it nor the room above it may include the other
# without naming it in USES.
#
# Afterwards WAYPOST_ROOMS lists the rooms so far, and <build>/arrows.txt holds a line a room for test/house/arrows.py:
#     NAME: used rooms : packages
define_property(TARGET PROPERTY WAYPOST_ASIO BRIEF_DOCS "ON for a room that reaches Asio through its arrows")
set(WAYPOST_ROOMS "")
set(WAYPOST_ARROWS_FILE ${PROJECT_BINARY_DIR}/arrows.txt)
file(WRITE ${WAYPOST_ARROWS_FILE} "")

# The precompiled headers, each compiled once and used by many. They only save time: every file includes what it uses.
function(waypost_precompiled NAME HEADER)
    set(unit ${PROJECT_BINARY_DIR}/pch/${NAME}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "// Carries a precompiled header.\n")
    add_library(waypost_pch_${NAME} OBJECT ${unit})
    target_link_libraries(waypost_pch_${NAME} PRIVATE waypost_options ${ARGN})
    target_precompile_headers(waypost_pch_${NAME} PRIVATE ${HEADER})
endfunction()
waypost_precompiled(pure ${PROJECT_SOURCE_DIR}/cmake/pch_pure.hpp)
waypost_precompiled(asio ${PROJECT_SOURCE_DIR}/cmake/pch_asio.hpp asio)

# The library of a room.
function(waypost_library OUT NAME)
    string(REPLACE "/" "_" library "waypost_${NAME}")
    set(${OUT} ${library} PARENT_SCOPE)
endfunction()

function(waypost_room NAME)
    cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "USES;PACKAGES")
    if(ROOM_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "waypost_room(${NAME}): what is '${ROOM_UNPARSED_ARGUMENTS}'?")
    endif()
    foreach(used IN LISTS ROOM_USES)
        if(NOT used IN_LIST WAYPOST_ROOMS)
            message(FATAL_ERROR "waypost_room(${NAME}): '${used}' is no room declared before it")
        endif()
    endforeach()
    set(WAYPOST_ROOMS ${WAYPOST_ROOMS} ${NAME} PARENT_SCOPE)
    string(REPLACE ";" " " uses "${ROOM_USES}")
    string(REPLACE ";" " " packages "${ROOM_PACKAGES}")
    file(APPEND ${WAYPOST_ARROWS_FILE} "${NAME}: ${uses} : ${packages}\n")

    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/src/${NAME} AND NOT EXISTS ${PROJECT_SOURCE_DIR}/include/waypost/${NAME})
        message(STATUS "room '${NAME}' is not there yet: skipped")
        return()
    endif()

    waypost_library(target ${NAME})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${NAME}/*.cpp)
    if(sources)
        add_library(${target} STATIC ${sources})
        set(inside PRIVATE)
        set(outward PUBLIC)
    else()
        add_library(${target} INTERFACE)
        set(inside INTERFACE)
        set(outward INTERFACE)
    endif()
    string(REPLACE "waypost_" "waypost::" alias ${target})
    add_library(${alias} ALIAS ${target})

    target_link_libraries(${target} ${outward} waypost_options)
    set(asio OFF)
    foreach(used IN LISTS ROOM_USES)
        waypost_library(library ${used})
        if(TARGET ${library})
            target_link_libraries(${target} ${outward} ${library})
            get_target_property(used_asio ${library} WAYPOST_ASIO)
            if(used_asio)
                set(asio ON)
            endif()
        endif()
    endforeach()
    foreach(package IN LISTS ROOM_PACKAGES)
        if(NOT DEFINED waypost_package_${package})
            message(FATAL_ERROR "waypost_room(${NAME}): unknown package '${package}'; see cmake/packages.cmake")
        endif()
        if(package STREQUAL "asio")
            # The only one that shows in our own headers, everywhere.
            target_link_libraries(${target} ${outward} asio)
            set(asio ON)
        else()
            target_link_libraries(${target} ${inside} ${waypost_package_${package}})
        endif()
    endforeach()
    set_target_properties(${target} PROPERTIES WAYPOST_ASIO ${asio})

    if(sources)
        if(asio)
            target_precompile_headers(${target} REUSE_FROM waypost_pch_asio)
        else()
            target_precompile_headers(${target} REUSE_FROM waypost_pch_pure)
        endif()
    endif()
endfunction()
