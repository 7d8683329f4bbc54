#include "waypost/process/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "support/temporary_directory.hpp"
#include "waypost/process/descriptor.hpp"
#include "waypost/process/io.hpp"

using namespace waypost::process;
using waypost::test::temporary_directory;

namespace {

void make_file(const std::string& path, std::string_view text) {
    const auto file = open_file(path, O_WRONLY | O_CREAT, 0600);
    REQUIRE(file.has_value());
    REQUIRE(write_all(file->get(), text).has_value());
}

std::string reason(const std::variant<std::string, unreadable>& read) {
    const auto* refused = std::get_if<unreadable>(&read);
    return refused == nullptr ? std::string() : refused->reason;
}

}  // namespace

TEST_CASE("a file is read whole, up to a size", "[process][files]") {
    const temporary_directory here;
    const std::string text(100'000, 'x');
    make_file(here.path() + "/file", text);
    CHECK(std::get<std::string>(read_file(here.path() + "/file", 100'000)) == text);
    CHECK(reason(read_file(here.path() + "/file", 65'536)) == "it is larger than 64 KiB");
    make_file(here.path() + "/empty", "");
    CHECK(std::get<std::string>(read_file(here.path() + "/empty", 0)).empty());
}

TEST_CASE("what is no regular file is refused, and never waited for", "[process][files]") {
    const temporary_directory here;
    CHECK(reason(read_file(here.path(), 100)) == "it is a directory");
    CHECK(reason(read_file(here.path() + "/absent", 100)) == "No such file or directory");
    CHECK(reason(read_file("/dev/zero", 100)) == "it is not a regular file");
    const std::string fifo = here.path() + "/fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(reason(read_file(fifo, 100)) == "it is not a regular file");

    SECTION("unless any kind will do") {
        std::thread writer([&] { make_file(fifo, "through the pipe"); });
        CHECK(std::get<std::string>(read_file(fifo, 100, file_kind::any)) == "through the pipe");
        writer.join();
        CHECK(reason(read_file("/dev/zero", 65'536, file_kind::any)) == "it is larger than 64 KiB");
        CHECK(reason(read_file(here.path(), 100, file_kind::any)) == "it is a directory");
    }
}

TEST_CASE("a directory can be synced, and nothing else", "[process][files]") {
    const temporary_directory here;
    CHECK(sync_directory(here.path()).has_value());
    make_file(here.path() + "/file", "");
    CHECK(sync_directory(here.path() + "/file").error() == boost::system::errc::not_a_directory);
    CHECK(sync_directory(here.path() + "/absent").error() == boost::system::errc::no_such_file_or_directory);
}
