#include "mbox_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "mailbox_errc.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery_worker::mailbox_errc;
using delivery_worker::mbox_file;
namespace fs = std::filesystem;

namespace {

auto in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

base::error_code deliver(const std::string& path, std::string_view text, std::chrono::milliseconds patience = 20s) {
    auto file = mbox_file::open(path, in(patience));
    if (file.has_error()) return file.error();
    if (auto added = file->append(text); added.has_error()) return added.error();
    auto kept = file->commit();
    return kept.has_error() ? kept.error() : base::error_code();
}

struct fixture {
    test::temporary_directory spool;
    std::string path = spool / "ada";
    [[nodiscard]] std::string text() const { return test::read_file(path); }
};

/// Another program's record lock.
class reader_lock {
public:
    explicit reader_lock(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
        struct flock whole{};
        whole.l_type = F_WRLCK;
        REQUIRE(::fcntl(file_.get(), F_OFD_SETLK, &whole) == 0);
    }
    void give_back() { file_.close(); }

private:
    process::descriptor file_;
};

void make_old(const std::string& path, std::chrono::minutes age) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
}

}  // namespace

TEST_CASE("a mailbox that is not there is made, for its owner alone", "[delivery_worker][mbox_file]") {
    const fixture f;
    const mode_t before = ::umask(0);
    CHECK(!deliver(f.path, "one\n\n"));
    ::umask(before);
    CHECK(!deliver(f.path, "two\n\n"));
    CHECK(f.text() == "one\n\ntwo\n\n");
    struct stat found{};
    REQUIRE(::stat(f.path.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777U) == 0600);
    CHECK_FALSE(fs::exists(f.path + ".lock"));
}

TEST_CASE("what was not committed is taken off again", "[delivery_worker][mbox_file]") {
    const fixture f;
    CHECK(!deliver(f.path, "one\n\n"));
    {
        auto file = mbox_file::open(f.path, in(20s));
        REQUIRE(file.has_value());
        CHECK(file->append("half of ").has_value());
        const mbox_file moved(std::move(*file));
        CHECK(f.text() == "one\n\nhalf of ");
        CHECK(fs::exists(f.path + ".lock"));
    }
    CHECK(f.text() == "one\n\n");
    CHECK_FALSE(fs::exists(f.path + ".lock"));
}

TEST_CASE("a message that does not fit on the disk leaves the mailbox as it was", "[delivery_worker][mbox_file]") {
    const fixture f;
    CHECK(!deliver(f.path, "one\n\n"));
    base::error_code failed;
    {
        const test::full_disk limit(GENERATE(5U, 6U, 50'000U));
        failed = deliver(f.path, std::string(100'000, 'x'));
    }
    CHECK(failed == boost::system::errc::file_too_large);
    CHECK(f.text() == "one\n\n");
}

TEST_CASE("a message begins on a line of its own, whatever was there", "[delivery_worker][mbox_file]") {
    const fixture f;
    const std::string before = GENERATE(as<std::string>(), "", "x", "x\n", "x\n\n", "\n", "\n\n");
    test::write_file(f.path, before);
    CHECK(!deliver(f.path, "new\n\n"));
    const std::string text = f.text();
    CHECK(text.starts_with(before));
    CHECK((before.empty() || before == "\n" || text.ends_with("\n\nnew\n\n")));
    CHECK(text.find("\n\n\n\n") == std::string::npos);
    SECTION("also where it is not committed") {
        { REQUIRE(mbox_file::open(f.path, in(20s)).has_value()); }
        CHECK(f.text() == text);
    }
}

TEST_CASE("a mailbox that another program has locked is waited for", "[delivery_worker][mbox_file]") {
    const fixture f;
    test::write_file(f.path, "");
    reader_lock reader(f.path);
    SECTION("until it is free") {
        std::thread delivery([&] { CHECK(!deliver(f.path, "x\n\n")); });
        // It has the dot lock as soon as it asks for the other.
        while (!fs::exists(f.path + ".lock")) std::this_thread::yield();
        CHECK(f.text().empty());
        reader.give_back();
        delivery.join();
        CHECK(f.text() == "x\n\n");
    }
    SECTION("but not for ever") {
        CHECK(deliver(f.path, "x\n\n", 50ms) == mailbox_errc::locked);
        CHECK(f.text().empty());
        CHECK_FALSE(fs::exists(f.path + ".lock"));
    }
}

TEST_CASE("a mailbox that was replaced while it was waited for is not written to", "[delivery_worker][mbox_file]") {
    const fixture f;
    test::write_file(f.path, "old");
    reader_lock reader(f.path);
    std::thread delivery([&] { CHECK(!deliver(f.path, "x\n\n")); });
    while (!fs::exists(f.path + ".lock")) std::this_thread::yield();
    std::this_thread::yield();
    fs::rename(f.path, f.path + ".old");
    reader.give_back();
    delivery.join();
    CHECK(f.text() == "x\n\n");
    CHECK(test::read_file(f.path + ".old") == "old");
}

TEST_CASE("a dot lock is waited for", "[delivery_worker][mbox_file]") {
    const fixture f;
    test::write_file(f.path + ".lock", "1\n");
    SECTION("but not for ever") {
        CHECK(deliver(f.path, "x\n\n", 50ms) == mailbox_errc::locked);
        CHECK_FALSE(fs::exists(f.path));
        CHECK(fs::exists(f.path + ".lock"));
    }
    SECTION("until it is old") {
        make_old(f.path + ".lock", 6min);
        CHECK(!deliver(f.path, "x\n\n", 0ms + 50ms));
        CHECK(f.text() == "x\n\n");
        CHECK_FALSE(fs::exists(f.path + ".lock"));
    }
    SECTION("as long as it is not") {
        make_old(f.path + ".lock", 4min);
        CHECK(deliver(f.path, "x\n\n", 50ms));
    }
}

TEST_CASE("a dot lock that somebody broke and took is not given back", "[delivery_worker][mbox_file]") {
    const fixture f;
    {
        const auto file = mbox_file::open(f.path, in(20s));
        REQUIRE(file.has_value());
        // Made before the other goes: a new file might be given its number.
        test::write_file(f.path + ".other", "2\n");
        fs::rename(f.path + ".other", f.path + ".lock");
    }
    CHECK(test::read_file(f.path + ".lock") == "2\n");
}

TEST_CASE("a dot lock that is a link is not followed", "[delivery_worker][mbox_file]") {
    const fixture f;
    fs::create_symlink(f.spool / "victim", f.path + ".lock");
    CHECK(deliver(f.path, "x\n\n", 50ms) == mailbox_errc::locked);
    CHECK_FALSE(fs::exists(f.spool / "victim"));
}

TEST_CASE("what is no plain file of the user's own is no mailbox", "[delivery_worker][mbox_file]") {
    const fixture f;
    test::write_file(f.spool / "victim", "precious");
    base::error_code expected = mailbox_errc::no_plain_file;
    SECTION("a FIFO") { REQUIRE(::mkfifo(f.path.c_str(), 0600) == 0); }
    SECTION("a directory") {
        fs::create_directory(f.path);
        expected = make_error_code(boost::system::errc::is_a_directory);
    }
    SECTION("a link") {
        fs::create_symlink("victim", f.path);
        expected = make_error_code(boost::system::errc::too_many_symbolic_link_levels);
    }
    SECTION("a file with a second name") {
        fs::create_hard_link(f.spool / "victim", f.path);
        expected = mailbox_errc::has_two_names;
    }
    SECTION("another user's file") {
        test::write_file(f.path, "");
        ::chmod(f.path.c_str(), 0666);
        if (::chown(f.path.c_str(), 12345, 12345) != 0) return;  // for root alone
        expected = mailbox_errc::not_his;
    }
    CHECK(deliver(f.path, "x\n\n", 1s).message() == expected.message());
    CHECK(test::read_file(f.spool / "victim") == "precious");
    CHECK_FALSE(fs::exists(f.path + ".lock"));
}

TEST_CASE("where no dot lock may be made the record lock does alone", "[delivery_worker][mbox_file]") {
    if (::geteuid() == 0) return;  // whom no mode stops
    const fixture f;
    test::write_file(f.path, "");
    ::chmod(f.spool.path().c_str(), 0555);
    CHECK(!deliver(f.path, "x\n\n"));
    ::chmod(f.spool.path().c_str(), 0755);
    CHECK(f.text() == "x\n\n");
}
