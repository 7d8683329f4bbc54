#include "maildir.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "support/full_disk.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;
using delivery_worker::maildir_file;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& each : fs::directory_iterator(directory)) names.push_back(each.path().filename().string());
    return names;
}

mode_t mode_of(const std::string& path) {
    struct stat found{};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

base::error_code deliver(const std::string& maildir, const std::string& name, std::string_view text) {
    auto file = maildir_file::create(maildir, name);
    if (file.has_error()) return file.error();
    if (auto added = file->append(text); added.has_error()) return added.error();
    auto kept = file->commit(name);
    if (kept.has_error()) return kept.error();
    return *kept == delivery_worker::placing::moved ? base::error_code()
                                                    : make_error_code(boost::system::errc::file_exists);
}

}  // namespace

TEST_CASE("a message is written to tmp and moved to new", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    auto file = maildir_file::create(maildir, "1.host");
    REQUIRE(file.has_value());
    CHECK(file->append("Subject: x\n").has_value());
    CHECK(file->append("\nbody\n").has_value());
    CHECK(names_in(maildir + "/tmp") == std::vector<std::string>{"1.host"});
    CHECK(names_in(maildir + "/new").empty());
    CHECK(file->size() == 17);
    CHECK(file->commit("1.host").value() == delivery_worker::placing::moved);
    CHECK(names_in(maildir + "/tmp").empty());
    CHECK(test::read_file(maildir + "/new/1.host") == "Subject: x\n\nbody\n");
}

TEST_CASE("a file that is in new already because the answer to link() got lost is delivered",
          "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    auto file = maildir_file::create(maildir, "1.host");
    REQUIRE(file.has_value());
    CHECK(file->append("body\n").has_value());
    fs::create_hard_link(maildir + "/tmp/1.host", maildir + "/new/1.host");
    CHECK(file->commit("1.host").value() == delivery_worker::placing::moved);
    CHECK(names_in(maildir + "/tmp").empty());
    CHECK(test::read_file(maildir + "/new/1.host") == "body\n");
}

TEST_CASE("nobody else can read a mailbox or a message", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    const mode_t before = ::umask(0);
    CHECK(!deliver(maildir, "1.host", "x"));
    ::umask(before);
    CHECK(mode_of(maildir + "/new/1.host") == 0600);
    for (const char* folder : {"", "/tmp", "/new", "/cur"}) CHECK(mode_of(maildir + folder) == 0700);
}

TEST_CASE("a mailbox that is not there is made, with all that leads to it", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "a/b/c/Maildir";
    CHECK(!deliver(maildir, "1.host", "x"));
    CHECK(fs::is_directory(maildir + "/cur"));
    SECTION("and what of it is there already is kept") {
        test::write_file(maildir + "/cur/old", "old");
        fs::remove_all(maildir + "/tmp");
        CHECK(!deliver(maildir, "2.host", "y"));
        CHECK(test::read_file(maildir + "/cur/old") == "old");
        CHECK(test::read_file(maildir + "/new/1.host") == "x");
    }
}

TEST_CASE("a folder that somebody has removed is made again", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    CHECK(!deliver(maildir, "1.host", "x"));
    fs::remove_all(maildir + "/new");
    CHECK(!deliver(maildir, "2.host", "y"));
    CHECK(test::read_file(maildir + "/new/2.host") == "y");
    CHECK(names_in(maildir + "/tmp").empty());
}

TEST_CASE("a mailbox may be named by a path relative to the working directory", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const fs::path before = fs::current_path();
    fs::current_path(home.path());
    const auto failed = deliver("Maildir", "1.host", "x");
    fs::current_path(before);
    CHECK(!failed);
    CHECK(test::read_file(home / "Maildir/new/1.host") == "x");
}

TEST_CASE("a message that was not committed leaves nothing", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    {
        auto file = maildir_file::create(maildir, "1.host");
        REQUIRE(file.has_value());
        CHECK(file->append("half").has_value());
        const maildir_file moved(std::move(*file));
        CHECK(names_in(maildir + "/tmp").size() == 1);
    }
    CHECK(names_in(maildir + "/tmp").empty());
    CHECK(names_in(maildir + "/new").empty());
}

TEST_CASE("what a broken attempt left in tmp is overwritten", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    CHECK(!deliver(maildir, "1.host", "x"));
    test::write_file(maildir + "/tmp/2.host", "a much longer text of an attempt that was cut short");
    CHECK(!deliver(maildir, "2.host", "whole"));
    CHECK(test::read_file(maildir + "/new/2.host") == "whole");
    CHECK(names_in(maildir + "/tmp").empty());
}

TEST_CASE("audit 2: a file that is there is never replaced", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    CHECK(!deliver(maildir, "1.host", "not read yet"));
    CHECK(deliver(maildir, "1.host", "another") == boost::system::errc::file_exists);
    CHECK(names_in(maildir + "/new") == std::vector<std::string>{"1.host"});
    CHECK(test::read_file(maildir + "/new/1.host") == "not read yet");
    CHECK(names_in(maildir + "/tmp").empty());
    SECTION("and whoever was refused may take another name") {
        auto file = maildir_file::create(maildir, "1.host");
        REQUIRE(file.has_value());
        CHECK(file->append("another").has_value());
        CHECK(file->commit("1.host").value() == delivery_worker::placing::name_is_taken);
        CHECK(file->commit("2.host").value() == delivery_worker::placing::moved);
        CHECK(test::read_file(maildir + "/new/2.host") == "another");
        CHECK(test::read_file(maildir + "/new/1.host") == "not read yet");
    }
}

TEST_CASE("a link that waits in tmp is not followed", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    CHECK(!deliver(maildir, "1.host", "x"));
    test::write_file(home / "victim", "precious");
    fs::create_symlink(home / "victim", maildir + "/tmp/2.host");
    CHECK(!deliver(maildir, "2.host", "y"));
    CHECK(test::read_file(home / "victim") == "precious");
    CHECK(fs::is_regular_file(fs::symlink_status(maildir + "/new/2.host")));
}

TEST_CASE("a FIFO that waits in tmp does not hold the delivery up", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    CHECK(!deliver(maildir, "1.host", "x"));
    REQUIRE(::mkfifo((maildir + "/tmp/2.host").c_str(), 0600) == 0);
    CHECK(!deliver(maildir, "2.host", "y"));
    CHECK(test::read_file(maildir + "/new/2.host") == "y");
}

TEST_CASE("a message is known again, also after it was read", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    const auto has = [&](const char* name, std::uint64_t size = 3) {
        return delivery_worker::has_message(maildir, name, size);
    };
    CHECK_FALSE(has("1.host"));
    CHECK(!deliver(maildir, "1.host", "xyz"));
    CHECK(has("1.host"));
    CHECK_FALSE(has("1.hos"));
    CHECK_FALSE(has("11.host"));
    CHECK_FALSE(has("1.host", 4));
    for (const char* flags : {"", ":2,", ":2,S", ",S=3:2,S"}) {
        const std::string read = maildir + "/cur/1.host" + flags;
        fs::rename(maildir + "/new/1.host", read);
        CHECK(has("1.host"));
        CHECK_FALSE(has("1.hos"));
        CHECK_FALSE(has("1.host", 2));
        fs::rename(read, maildir + "/new/1.host");
    }
}

TEST_CASE("mail with an extension goes to the folder of that name if there is one", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    fs::create_directories(maildir + "/.lists");
    fs::create_directories(maildir + "/.a.b");
    fs::create_directories(maildir + "/.file/x");
    test::write_file(maildir + "/.text", "");
    CHECK(delivery_worker::folder_for(maildir, "lists") == maildir + "/.lists");
    CHECK(delivery_worker::folder_for(maildir, "a.b") == maildir + "/.a.b");
    CHECK(delivery_worker::folder_for(maildir, "") == maildir);
    CHECK(delivery_worker::folder_for(maildir, "other") == maildir);
    CHECK(delivery_worker::folder_for(maildir, "text") == maildir);
    CHECK(delivery_worker::folder_for(maildir, std::string(5000, 'x')) == maildir);
    SECTION("and one that could lead elsewhere is ignored") {
        for (const char* hostile : {".", "./..", "/..", "lists/..", "file/x", "lists/../../.."})
            CHECK(delivery_worker::folder_for(maildir, hostile) == maildir);
        CHECK(delivery_worker::folder_for(maildir, std::string("lists\0", 6)) == maildir);
    }
}

TEST_CASE("a mailbox that cannot be used is an error", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    SECTION("a file is where the mailbox should be") {
        test::write_file(maildir, "");
        CHECK(deliver(maildir, "1.host", "x"));
    }
    SECTION("a file is above it") {
        test::write_file(home / "file", "");
        CHECK(deliver(home / "file/Maildir", "1.host", "x"));
    }
    SECTION("a file is where one of its folders should be") {
        const std::string folder = GENERATE("tmp", "new");
        fs::create_directory(maildir);
        test::write_file(maildir + "/" + folder, "");
        CHECK(deliver(maildir, "1.host", "x"));
    }
    SECTION("its name is too long") { CHECK(deliver(maildir, std::string(300, 'x'), "x")); }
}

TEST_CASE("a message that does not fit on the disk is an error and leaves nothing", "[delivery_worker][maildir]") {
    const test::temporary_directory home;
    const std::string maildir = home / "Maildir";
    const std::string text(100'000, 'x');
    base::error_code failed;
    {
        const test::full_disk limit(GENERATE(0U, 1U, 50'000U));
        failed = deliver(maildir, "1.host", text);
    }
    CHECK(failed == boost::system::errc::file_too_large);
    CHECK(names_in(maildir + "/tmp").empty());
    CHECK(names_in(maildir + "/new").empty());
}
