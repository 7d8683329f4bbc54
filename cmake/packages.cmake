# The outside libraries, by the names that waypost_room(... PACKAGES ...) uses. Each is found only here.
find_package(Boost 1.81 REQUIRED)           # headers only: Boost.System and Boost.Asio need no library
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLiteCpp 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
find_library(WAYPOST_LIBCRYPT crypt REQUIRED)
# 3 % less CPU a message than with malloc of glibc (bench/run, paired). The sanitizers bring an allocator of their own. It
# is linked before everything else, or it would not be the one that is used.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    find_package(mimalloc REQUIRED)
    set(waypost_allocator mimalloc)
endif()

target_link_libraries(waypost_options INTERFACE Boost::headers)

# Asio is compiled once, here, instead of inline in every file that includes it.
add_library(asio STATIC cmake/asio.cpp)
target_compile_definitions(asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

set(waypost_package_asio    asio)
set(waypost_package_openssl OpenSSL::SSL OpenSSL::Crypto)
set(waypost_package_cares   PkgConfig::cares)
set(waypost_package_sqlite  SQLiteCpp SQLite::SQLite3)
set(waypost_package_spdlog  spdlog::spdlog)
set(waypost_package_crypt   ${WAYPOST_LIBCRYPT})
set(waypost_package_cli11   CLI11::CLI11)
set(waypost_package_json    nlohmann_json::nlohmann_json)
