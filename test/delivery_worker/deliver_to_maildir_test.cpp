#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "jobs.hpp"
#include "socket_pair.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;
using delivery_worker::job;
namespace fs = std::filesystem;

namespace {

struct fixture {
    test::temporary_directory home;
    std::string maildir = home / "Maildir";

    delivery_worker::job_status deliver(job job, const std::string& text) {
        test::socket_pair wire;
        wire.send_aside(text);
        job.path = maildir;
        job.name = "1.host";
        delivery_worker::job_content content(wire.near(), text.size());
        return deliver_to_maildir(job, content);
    }
    /// Of the one message that is there; in which folder, and what it says.
    [[nodiscard]] std::string at(const std::string& folder) const {
        return test::read_file(maildir + folder + "/new/1.host");
    }
};

}  // namespace

TEST_CASE("mail is put into the Maildir with its fields in front", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    const std::string body(200'000, 'x');
    const auto said = f.deliver({.head = "Return-Path: <>\r\n"}, "A: 1\r\n\r\n" + body + "\r\n");
    CHECK(said.is_success());
    CHECK(f.at("") == "Return-Path: <>\nA: 1\n\n" + body + "\n");
    CHECK(fs::is_empty(f.maildir + "/tmp"));
}

TEST_CASE("what is marked as spam goes to the Junk folder, which is made", "[delivery_worker][deliver_to_maildir]") {
    const std::string mark =
        GENERATE("X-Spam: yes\r\n", "x-spam-flag:  YES \r\n", "A: 1\r\nX-Spam-Flag: Yes\r\nB: 2\r\n");
    fixture f;
    fs::create_directories(f.maildir + "/.lists");
    SECTION("if the action says so") {
        CHECK(f.deliver({.extension = "lists", .junk = true}, mark + "\r\nbuy\r\n").is_success());
        CHECK(f.at("/.Junk").ends_with("\n\nbuy\n"));
        CHECK(f.at("").empty());
    }
    SECTION("and not otherwise") {
        CHECK(f.deliver({.junk = false}, mark + "\r\nbuy\r\n").is_success());
        CHECK(f.at("").ends_with("buy\n"));
    }
}

TEST_CASE("only a field of the header marks a message as spam", "[delivery_worker][deliver_to_maildir]") {
    const std::string text = GENERATE("A: 1\r\n\r\nX-Spam: yes\r\n", "X-Spam: no\r\n\r\n", "X-Spam-Score: yes\r\n\r\n",
                                      "X-Spam: yes, perhaps\r\n\r\n", "\r\nX-Spam: yes\r\n", "");
    fixture f;
    CHECK(f.deliver({.junk = true}, text).is_success());
    CHECK(fs::exists(f.maildir + "/new/1.host"));
    CHECK_FALSE(fs::exists(f.maildir + "/.Junk"));
}

TEST_CASE("a header without end is not searched without end", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    const std::string text = "A: " + std::string(300'000, 'x') + "\r\nX-Spam: yes\r\n\r\n";
    CHECK(f.deliver({.junk = true}, text).is_success());
    CHECK(f.at("").size() == text.size() - 3);
}

TEST_CASE("mail with an extension is put into the folder of that name", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    fs::create_directories(f.maildir + "/.lists");
    CHECK(f.deliver({.extension = "lists"}, "x\r\n").is_success());
    CHECK(f.at("/.lists") == "x\n");
    CHECK_FALSE(fs::exists(f.maildir + "/new"));
}

TEST_CASE("mail that may be there already is looked for first", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    CHECK(f.deliver({.may_be_repeat = true}, "first\r\n").is_success());
    fs::rename(f.maildir + "/new/1.host", f.maildir + "/cur/1.host:2,S");
    CHECK(f.deliver({.may_be_repeat = true}, "first\r\n").text() == "Delivered to Maildir before");
    CHECK(test::read_file(f.maildir + "/cur/1.host:2,S") == "first\n");
    CHECK(fs::is_empty(f.maildir + "/new"));
    CHECK(fs::is_empty(f.maildir + "/tmp"));
}

TEST_CASE("audit 2: a name alone does not make another mail a repeat, and neither mail is lost",
          "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    const bool may_be_repeat = GENERATE(true, false);
    CHECK(f.deliver({}, "first\r\n").is_success());
    if (GENERATE(true, false)) fs::rename(f.maildir + "/new/1.host", f.maildir + "/cur/1.host:2,S");
    for (int tries = 0; tries < (may_be_repeat ? 3 : 1); ++tries) {
        CHECK(f.deliver({.may_be_repeat = may_be_repeat}, "the second\r\n").is_success());
    }
    std::multiset<std::string> texts;
    for (const char* folder : {"/new", "/cur"})
        for (const auto& each : fs::directory_iterator(f.maildir + folder)) texts.insert(test::read_file(each.path()));
    CHECK(texts == std::multiset<std::string>{"first\n", "the second\n"});
    CHECK(fs::is_empty(f.maildir + "/tmp"));
}

TEST_CASE("mail whose content breaks off is not there", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    test::socket_pair wire;
    wire.send("half");
    wire.hang_up();
    delivery_worker::job_content content(wire.near(), 100);
    const auto said = deliver_to_maildir({.path = f.maildir, .name = "1.host", .junk = GENERATE(true, false)}, content);
    CHECK(said.is_transient());
    CHECK((!fs::exists(f.maildir) || (fs::is_empty(f.maildir + "/tmp") && fs::is_empty(f.maildir + "/new"))));
}

TEST_CASE("a Maildir that cannot be written is a delay", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    test::write_file(f.maildir, "");
    const auto said = f.deliver({}, "x\r\n");
    CHECK(said.is_transient());
    CHECK(said.enhanced() == "4.2.0");
    CHECK_THAT(said.text(), Catch::Contains(f.maildir));
}

TEST_CASE("a file's name that is a path is refused", "[delivery_worker][deliver_to_maildir]") {
    fixture f;
    test::socket_pair wire;
    delivery_worker::job_content content(wire.near(), 0);
    CHECK(deliver_to_maildir({.path = f.maildir, .name = "../new/x"}, content).is_transient());
    CHECK(deliver_to_maildir({.path = "", .name = "x"}, content).is_transient());
    CHECK_FALSE(fs::exists(f.maildir));
}
