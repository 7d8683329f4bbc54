# Every public header compiled alone, so that each includes what it uses: cmake --build build/release --target headers
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
     ${PROJECT_SOURCE_DIR}/include/waypost/*.hpp)
set(units "")
foreach(header IN LISTS public_headers)
    string(REPLACE ".hpp" ".cpp" unit ${PROJECT_BINARY_DIR}/headers/${header})
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n")
    list(APPEND units ${unit})
endforeach()
add_library(headers OBJECT EXCLUDE_FROM_ALL ${units})
target_link_libraries(headers PRIVATE waypost_options asio nlohmann_json::nlohmann_json)
target_compile_options(headers PRIVATE -fsyntax-only)
