# How everything of ours is compiled: the language, the warnings, the linker, the compiler cache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# -pthread is a language option to clang: a precompiled header made without it cannot be used with it.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# waypost_options: what every target of ours, and nobody else's, is compiled with.
add_library(waypost_options INTERFACE)
target_link_libraries(waypost_options INTERFACE Threads::Threads)
target_include_directories(waypost_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(waypost_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
# Cheap checks of indices, iterators and empty optionals, in a release too: a mail server meets hostile input.
target_compile_definitions(waypost_options INTERFACE _GLIBCXX_ASSERTIONS WAYPOST_VERSION="${PROJECT_VERSION}")

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # settings{.limit = 5} leaves the rest at their defaults on purpose.
    target_compile_options(waypost_options INTERFACE -Wno-missing-designated-field-initializers)
    # A time stamp inside a precompiled header would make every build a miss in the compiler cache.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    foreach(linker lld-19 lld)
        find_program(WAYPOST_${linker} ld.${linker})
        if(WAYPOST_${linker})
            add_link_options(-fuse-ld=${linker})
            break()
        endif()
    endforeach()
endif()

find_program(WAYPOST_CCACHE ccache)
if(WAYPOST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WAYPOST_CCACHE})
endif()
