#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "jobs.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most = 4096;

struct fixture {
    test::temporary_directory home;
    std::string path = home / ".forward";

    explicit fixture(const std::string& text = "bob@example.net\n") {
        test::write_file(path, text);
        ::chmod(path.c_str(), 0644);
        ::chmod(home.path().c_str(), 0755);
    }
    [[nodiscard]] delivery_worker::text_read forward() const {
        return delivery_worker::read_guarded({.operation = delivery_worker::job::kind::read,
                                              .path = path,
                                              .home = home.path(),
                                              .most = most,
                                              .is_forward = true});
    }
    [[nodiscard]] delivery_worker::text_read list() const {
        return delivery_worker::read_guarded(
            {.operation = delivery_worker::job::kind::read, .path = path, .most = most});
    }
    /// However it is read.
    void check_refused(const std::string& reason) const {
        for (const auto& read : {forward(), list()}) {
            CHECK(read.status.is_transient());
            CHECK_THAT(read.status.text(), Catch::Contains(reason));
            CHECK(read.text.empty());
        }
    }
};

}  // namespace

TEST_CASE("a .forward and a list are read as they are", "[delivery_worker][read_guarded]") {
    const std::string text =
        GENERATE(as<std::string>(), "bob@example.net\n", "", "\"|x\"\r\n\x80", std::string(most, 'x'));
    const fixture f(text);
    for (const auto& read : {f.forward(), f.list()}) {
        CHECK(read.status.is_success());
        CHECK(read.is_there);
        CHECK(read.text == text);
    }
}

TEST_CASE("a .forward that is not there is an answer, a list that is not there a delay",
          "[delivery_worker][read_guarded]") {
    fixture f;
    SECTION("no file") { fs::remove(f.path); }
    SECTION("no home") { fs::remove_all(f.home.path()); }
    SECTION("a home that is no directory") {
        fs::remove_all(f.home.path());
        test::write_file(f.home.path(), "");
    }
    const auto forward = f.forward();
    CHECK(forward.status.is_success());
    CHECK_FALSE(forward.is_there);
    CHECK(f.list().status.is_transient());
    CHECK(f.list().status.enhanced() == "4.2.4");
}

TEST_CASE("only a regular file is read, and nothing else is waited for", "[delivery_worker][read_guarded]") {
    const fixture f;
    fs::remove(f.path);
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(f.path.c_str(), 0600) == 0);
        f.check_refused("is no regular file");
    }
    SECTION("a directory") {
        fs::create_directory(f.path);
        f.check_refused("is no regular file");
    }
    SECTION("a link, be it to a good file") {
        test::write_file(f.home / "good", "x");
        fs::create_symlink("good", f.path);
        f.check_refused("symbolic link");
    }
    SECTION("a link to nowhere") {
        fs::create_symlink("nowhere", f.path);
        f.check_refused("symbolic link");
    }
    SECTION("a device") {
        if (::mknod(f.path.c_str(), S_IFCHR | 0600, makedev(1, 5)) != 0) return;  // for root alone
        const int opened = ::open(f.path.c_str(), O_RDONLY | O_CLOEXEC);
        if (opened < 0) return f.check_refused(f.path);  // a file system without devices
        ::close(opened);
        f.check_refused("is no regular file");
    }
}

TEST_CASE("a file that others may write to is not believed", "[delivery_worker][read_guarded]") {
    const fixture f;
    ::chmod(f.path.c_str(), GENERATE(0664U, 0646U, 0666U));
    f.check_refused("others may write to it");
}

TEST_CASE("a file of another owner is not believed", "[delivery_worker][read_guarded]") {
    if (::geteuid() != 0) return;  // only root can give a file away
    const fixture f;
    REQUIRE(::chown(f.path.c_str(), 12345, 12345) == 0);
    f.check_refused("has another owner");
}

TEST_CASE("a file that is too large is refused, whatever its size", "[delivery_worker][read_guarded]") {
    const fixture f(std::string(most + 1, 'x'));
    SECTION("by one octet") {}
    SECTION("by a gigabyte") { fs::resize_file(f.path, 1ULL << 30U); }
    f.check_refused("is larger than 4096 octets");
}

TEST_CASE("a .forward in a home where others may write is not believed", "[delivery_worker][read_guarded]") {
    const fixture f;
    ::chmod(f.home.path().c_str(), GENERATE(0775U, 0757U));
    CHECK(f.forward().status.is_transient());
    CHECK_THAT(f.forward().status.text(), Catch::Contains("the home"));
    CHECK(f.list().status.is_success());
    SECTION("but none is needed there") {
        fs::remove(f.path);
        CHECK(f.forward().status.is_success());
    }
}

TEST_CASE("a sticky home holds the user's mail, with a .forward or without", "[delivery_worker][read_guarded]") {
    const fixture f;
    ::chmod(f.home.path().c_str(), 01755);
    if (GENERATE(true, false)) fs::remove(f.path);
    CHECK(f.forward().status.is_transient());
    CHECK_THAT(f.forward().status.text(), Catch::Contains("sticky"));
}

TEST_CASE("the way to the home may have links in it", "[delivery_worker][read_guarded]") {
    const fixture f;
    const test::temporary_directory elsewhere;
    fs::create_symlink(f.home.path(), elsewhere / "home");
    const auto read = delivery_worker::read_guarded({.operation = delivery_worker::job::kind::read,
                                                     .path = elsewhere / "home/.forward",
                                                     .home = elsewhere / "home",
                                                     .most = most,
                                                     .is_forward = true});
    CHECK(read.text == "bob@example.net\n");
}

TEST_CASE("a .forward stands in the home and nowhere else", "[delivery_worker][read_guarded]") {
    const fixture f;
    for (const std::string& home : {std::string("/"), f.home / "x", std::string()}) {
        const auto read = delivery_worker::read_guarded({.operation = delivery_worker::job::kind::read,
                                                         .path = f.path,
                                                         .home = home,
                                                         .most = most,
                                                         .is_forward = true});
        CHECK(read.status.is_transient());
    }
}
